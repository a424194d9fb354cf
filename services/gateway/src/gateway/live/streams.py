"""Makes event streams: the live events of one job, or of all jobs of a caller.

The listener exists before the snapshot is taken, so no event is lost in between. The version
filter drops facts that the snapshot already covers.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

from contracts.access import Actor
from contracts.errors import OperationError, UnavailableError
from contracts.event import Position
from contracts.scheduler.job_requests import ListJobs
from contracts.scheduler.jobs import JobPage, JobStatus, JobSummary, JobView
from gateway.http.access import AdmittedCaller
from gateway.http.pace import Patience
from gateway.http.problems import RefusedError
from gateway.http.streaming import SEND_SECONDS, LongAnswer
from gateway.jobs.loader import passes
from gateway.jobs.reading import find_job
from gateway.jobs.resources import job_resource, summary_resource
from gateway.live.facts import Fact, SentVersions, complete
from gateway.live.frames import COMMENT, RETRY, ReadyFrame, frame, id_only, last_position
from gateway.live.hub import Listener
from gateway.live.sources import TOO_MUCH, read_missed, read_missed_of_job
from gateway.service import Gateway
from runtime.bus import event_stream

SSE = "text/event-stream"
HEADERS = {
    "Content-Type": f"{SSE}; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
SILENCE_SECONDS = 10.0
PAGE = 50
FACTS_AT_ONCE = 20
"""The whole jobs that have ended are in memory together, each with up to 256 KiB of inputs."""
UNFINISHED = [status for status in JobStatus if not status.is_terminal]


async def open_job_stream(
    gateway: Gateway, caller: AdmittedCaller, job_id: UUID, seen: int | None
) -> LongAnswer | None:
    """Open the job's events after version `seen`; None if the client has the last one already."""
    actor = caller.actor
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(gateway.hub.listening(actor.user_id, job_id))
        view = await find_job(gateway, actor, job_id)
        if view.status.is_terminal and seen is not None and seen >= view.version:
            return None
        missed = await missed_of_job(gateway, view, seen)
        frames = job_frames(gateway, listener, view, missed, caller)
        return LongAnswer(frames, stack.pop_all(), headers=HEADERS, patience=Patience(SEND_SECONDS))


async def job_frames(
    gateway: Gateway, listener: Listener, view: JobView, missed: list[Fact], caller: AdmittedCaller
) -> AsyncIterator[bytes]:
    yield RETRY + frame("job.snapshot", job_json(gateway, view, caller.actor))
    for fact in missed:
        if not fact.is_ending:
            yield frame(fact.name, fact.data, fact.version)
    if view.status.is_terminal:
        yield frame(f"job.{view.status.value}", job_json(gateway, view, caller.actor), view.version)
        return
    async for update in job_updates(gateway, listener, view.version, caller):
        yield update


async def job_updates(
    gateway: Gateway, listener: Listener, version: int, caller: AdmittedCaller
) -> AsyncIterator[bytes]:
    """Yield the events after that version, until the job has ended."""
    async for update in updates(listener, caller):
        if isinstance(update, ReadyFrame):
            yield update
            continue
        for fact in update:
            if fact.version <= version:
                continue
            version = fact.version
            data = await data_of(gateway, fact, caller.actor)
            if data is None:
                return
            yield frame(fact.name, data, version)
            if fact.is_ending:
                return


async def open_owner_stream(
    gateway: Gateway, caller: AdmittedCaller, last_id: str | None
) -> LongAnswer:
    """Open the events of all of the caller's jobs after the position `last_id`."""
    actor = caller.actor
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(gateway.hub.listening(actor.user_id, actor.user_id))
        position = gateway.hub.ring.position
        seen = last_position(last_id, position.stream)
        missed = await missed_of_owner(gateway, actor.user_id, seen)
        page = await unfinished(gateway, actor) if missed is None else JobPage(items=[])
        after = position if missed is None or seen is None else seen
        frames = owner_frames(gateway, listener, page, missed or [], after, caller)
        return LongAnswer(frames, stack.pop_all(), headers=HEADERS, patience=Patience(SEND_SECONDS))


async def owner_frames(
    gateway: Gateway,
    listener: Listener,
    page: JobPage,
    missed: list[Fact],
    after: Position,
    caller: AdmittedCaller,
) -> AsyncIterator[bytes]:
    yield RETRY
    shown: dict[UUID, int] = {}
    try:
        async for view, is_last in snapshots(gateway, caller.actor, page):
            shown[view.id] = view.version
            id_ = after if is_last else None
            yield frame("job.snapshot", summary_json(gateway, view, caller.actor), id_)
    except OperationError:
        return
    if not shown and not missed:
        yield id_only(after)
    versions = SentVersions(shown)
    async for update in updates(listener, caller, missed):
        if isinstance(update, ReadyFrame):
            yield update
            continue
        fresh = [fact for fact in update if fact.position > after and versions.is_newer(fact)]
        for fact, data in await with_data(gateway, fresh, caller.actor):
            if data is None:
                return
            yield frame(fact.name, data, fact.position)


async def snapshots(
    gateway: Gateway, actor: Actor, page: JobPage
) -> AsyncIterator[tuple[JobSummary, bool]]:
    """Yield the jobs of this page and of all pages after it; the flag tells the last one."""
    while True:
        for number, view in enumerate(page.items, 1):
            yield view, page.next_cursor is None and number == len(page.items)
        if page.next_cursor is None:
            return
        page = await unfinished(gateway, actor, page.next_cursor)


async def unfinished(gateway: Gateway, actor: Actor, cursor: str | None = None) -> JobPage:
    """Return unfinished jobs of the caller, only their own even if they may read all."""
    plain = actor.model_copy(update={"permissions": frozenset[str]()})
    return await gateway.bus.call(
        ListJobs(actor=plain, status=UNFINISHED, limit=PAGE, cursor=cursor)
    )


async def updates(
    listener: Listener, caller: AdmittedCaller, missed: Sequence[Fact] = ()
) -> AsyncIterator[list[Fact] | ReadyFrame]:
    """Yield missed facts, then facts as they arrive, and ready frames of signals and comments.

    A few facts come together, so that the ends of many jobs need few queries.

    Ends when the listener is cut off, or the caller's token has expired or was revoked.
    """
    for first in range(0, len(missed), FACTS_AT_ONCE):
        if not caller.seconds_left():
            return
        yield [*missed[first : first + FACTS_AT_ONCE]]
    while left := caller.seconds_left():
        if listener.facts and not listener.is_over:
            yield listener.take_facts(FACTS_AT_ONCE)
            continue
        for name, _, body in listener.take_signals():
            yield frame(name, body)
        if listener.is_over:
            return
        if not await listener.wait(min(SILENCE_SECONDS, left)):
            yield COMMENT


async def with_data(
    gateway: Gateway, facts: Sequence[Fact], reader: Actor
) -> list[tuple[Fact, bytes | None]]:
    found = await asyncio.gather(*(data_of(gateway, fact, reader) for fact in facts))
    return list(zip(facts, found, strict=True))


async def data_of(gateway: Gateway, fact: Fact, reader: Actor) -> bytes | None:
    """Return the whole job if it ended, else the event's data; None: the client must reconnect."""
    if not fact.is_ending:
        return fact.data
    try:
        view = await gateway.loader.load(fact.job_id)
    except OperationError as error:  # for good: who reconnects would get it again
        return None if passes(error) else fact.data
    return fact.data if view is None else job_json(gateway, view, reader)


def job_json(gateway: Gateway, view: JobView, reader: Actor) -> bytes:
    return job_resource(gateway.signer, view, reader).model_dump_json().encode()


def summary_json(gateway: Gateway, summary: JobSummary, reader: Actor) -> bytes:
    return summary_resource(gateway.signer, summary, reader).model_dump_json().encode()


async def missed_of_job(gateway: Gateway, view: JobView, seen: int | None) -> list[Fact]:
    """Return the facts after version `seen` that the snapshot `view` covers.

    Facts that are no longer stored are left out: the snapshot has the state of the job.
    """
    if seen is None or seen >= view.version:
        return []
    found = gateway.hub.ring.of_job(view.id, seen, view.version)
    if found is not None:
        return found
    try:
        facts = await read_missed_of_job(gateway, view)
    except (RefusedError, UnavailableError):
        return []
    return complete(facts, seen, view.version) or []


async def missed_of_owner(
    gateway: Gateway, owner_id: UUID, seen: Position | None
) -> list[Fact] | None:
    """Return the owner's facts after `seen`; None if a snapshot must replace them."""
    if seen is None:
        return None
    position = gateway.hub.ring.position
    found = gateway.hub.ring.since(seen, owner_id)
    if found is not None:
        return found
    begin, end = await event_stream.bounds(gateway.bus)
    if not begin <= seen <= end:  # so it is of the same stream, too
        return None
    if not position.follows(seen):  # another replica was ahead of this one
        return []
    try:
        return await read_missed(gateway, owner_id, seen, position)
    except UnavailableError as error:
        if error.code == TOO_MUCH:
            return None
        raise
