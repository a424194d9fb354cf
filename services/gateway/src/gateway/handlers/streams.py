"""Live events of one job, or of all of a caller's jobs, as frames of an event stream.

The listener is there before the snapshot is taken, so nothing falls in between; the version
filter drops what the snapshot already says.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from contracts.access import Actor
from contracts.errors import NotFoundError, OperationError
from contracts.scheduler.job_requests import FindJobs, ListJobs
from contracts.scheduler.jobs import JobPage, JobStatus, JobView
from gateway.domain.facts import Fact, Versions
from gateway.domain.frames import COMMENT, RETRY, frame
from gateway.handlers.hub import Hub, Listener
from gateway.handlers.loading import JobLoader
from gateway.handlers.missed import missed_of_job, missed_of_owner
from gateway.handlers.sessions import Visit
from gateway.ports import Archive, Owners

SILENCE_SECONDS = 10.0
PAGE = 50
"""Jobs in one message, which holds a mebibyte at most; a job has all of its inputs."""
UNFINISHED = [status for status in JobStatus if not status.is_terminal]


@dataclass(frozen=True, slots=True)
class Live:
    """What streams are made of."""

    hub: Hub
    archive: Archive
    owners: Owners
    loader: JobLoader
    job_json: Callable[[JobView], bytes]


@dataclass(slots=True)
class Stream:
    """An open stream: `frames` to send, `close` when the client is gone."""

    frames: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


async def find_job(owners: Owners, actor: Actor, job_id: UUID) -> JobView:
    page = await owners.call(FindJobs(actor=actor, job_ids=[job_id]))
    if not page.items:
        raise NotFoundError("there is no such job")
    return page.items[0]


async def open_job_stream(
    live: Live, visit: Visit, job_id: UUID, seen: int | None
) -> Stream | None:
    """The job's events after version `seen`; None if the client has the last one already."""
    actor = visit.actor
    listener = live.hub.listen(actor.user_id, job_id)
    try:
        view = await find_job(live.owners, actor, job_id)
        if view.status.is_terminal and seen is not None and seen >= view.version:
            live.hub.leave(listener)
            return None
        missed = await missed_of_job(live.hub, live.archive, view, seen)
    except BaseException:
        live.hub.leave(listener)
        raise
    frames = job_frames(live, listener, view, missed, visit)
    return Stream(frames, partial(leave, live.hub, listener))


async def job_frames(
    live: Live,
    listener: Listener,
    view: JobView,
    missed: list[Fact],
    visit: Visit,
) -> AsyncIterator[bytes]:
    yield RETRY + frame("job.snapshot", live.job_json(view))
    for fact in missed:
        if not fact.is_ending:
            yield frame(fact.name, fact.data, fact.version)
    if view.status.is_terminal:
        yield frame(f"job.{view.status.value}", live.job_json(view), view.version)
        return
    async for news in job_news(live, listener, view.version, visit):
        yield news


async def job_news(
    live: Live, listener: Listener, version: int, visit: Visit
) -> AsyncIterator[bytes]:
    """What happens after that version, until the job has ended."""
    async for fact in listened(listener, visit):
        if isinstance(fact, bytes):
            yield fact
        elif fact.version > version:
            version = fact.version
            data = await data_of(live, fact)
            if data is None:
                return
            yield frame(fact.name, data, fact.version)
            if fact.is_ending:
                return


async def open_owner_stream(live: Live, visit: Visit, seen: int | None) -> Stream:
    """Events of all of the caller's jobs after sequence number `seen`."""
    actor = visit.actor
    listener = live.hub.listen(actor.user_id, actor.user_id)
    try:
        position = live.hub.ring.position
        missed = await missed_of_owner(live.hub, live.archive, actor.user_id, seen)
        page = await unfinished(live.owners, actor) if missed is None else JobPage(items=[])
    except BaseException:
        live.hub.leave(listener)
        raise
    after = position if missed is None or seen is None else seen
    frames = owner_frames(live, listener, page, missed or [], after, visit)
    return Stream(frames, partial(leave, live.hub, listener))


async def owner_frames(
    live: Live,
    listener: Listener,
    page: JobPage,
    missed: list[Fact],
    after: int,
    visit: Visit,
) -> AsyncIterator[bytes]:
    yield RETRY
    shown: dict[UUID, int] = {}
    try:
        async for view in snapshots(live.owners, visit.actor, page):
            shown[view.id] = view.version
            yield frame("job.snapshot", live.job_json(view))
    except OperationError:
        return
    versions = Versions(shown)
    async for fact in listened(listener, visit, missed):
        if isinstance(fact, bytes):
            yield fact
        elif fact.sequence > after and versions.is_newer(fact):
            data = await data_of(live, fact)
            if data is None:
                return
            yield frame(fact.name, data, fact.sequence)


async def leave(hub: Hub, listener: Listener) -> None:
    hub.leave(listener)


async def snapshots(owners: Owners, actor: Actor, page: JobPage) -> AsyncIterator[JobView]:
    """The jobs of this page and of all after it: as many as the account may have."""
    while True:
        for view in page.items:
            yield view
        if page.next_cursor is None:
            return
        page = await unfinished(owners, actor, page.next_cursor)


async def unfinished(owners: Owners, actor: Actor, cursor: str | None = None) -> JobPage:
    """The caller's own jobs only, also for who may read all."""
    plain = actor.model_copy(update={"permissions": frozenset[str]()})
    return await owners.call(ListJobs(actor=plain, status=UNFINISHED, limit=PAGE, cursor=cursor))


async def listened(
    listener: Listener, visit: Visit, missed: Iterable[Fact] = ()
) -> AsyncIterator[Fact | bytes]:
    """What was missed, then facts as they come; finished frames for all the rest.

    Ends when the listener is cut off, or the visit is over.
    """
    for fact in missed:
        if not visit.seconds_left():
            return
        yield fact
    while left := visit.seconds_left():
        if listener.facts and not listener.is_over:
            yield listener.facts.popleft()
            continue
        for name, _, body in listener.take_signals():
            yield frame(name, body)
        if listener.is_over:
            return
        if not await listener.wait(min(SILENCE_SECONDS, left)):
            yield COMMENT


async def data_of(live: Live, fact: Fact) -> bytes | None:
    """The whole job where it ended, else what the event says; None: let the client come again."""
    if not fact.is_ending:
        return fact.data
    try:
        view = await live.loader.load(fact.job_id)
    except OperationError:
        return None
    return fact.data if view is None else live.job_json(view)
