"""Makes event streams: the live events of one job, or of all jobs of a caller.

The listener exists before the snapshot is taken, so no event is lost in between. The version
filter drops facts that the snapshot already covers.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple, Protocol
from uuid import UUID

from contracts.access import Actor
from contracts.errors import OperationError
from contracts.event import Position
from contracts.scheduler.job_requests import ListJobs
from contracts.scheduler.jobs import JobPage, JobStatus, JobSummary, JobView
from gateway.jobs.loader import passes
from gateway.jobs.reading import find_job
from gateway.jobs.resources import job_resource, summary_resource
from gateway.live.facts import Fact, SentVersions
from gateway.live.frames import HEARTBEAT, POSITION, Frame, last_position
from gateway.live.hub import Listener
from gateway.live.sources import missed_of_job, missed_of_owner
from gateway.service import Gateway

SILENCE_SECONDS = 10.0
PAGE = 50
FACTS_AT_ONCE = 20
"""The whole jobs that have ended are in memory together, each with up to 256 KiB of inputs."""
UNFINISHED = [status for status in JobStatus if not status.is_terminal]


class Reader(Protocol):
    """A caller who follows events, as long as the access lasts."""

    @property
    def actor(self) -> Actor: ...

    def seconds_left(self) -> float:
        """Return the time until the access ends; 0 once it has."""
        ...


class OpenStream(NamedTuple):
    """The events of a stream, and what must be freed after the last of them."""

    frames: AsyncGenerator[Frame, None]
    held: AsyncExitStack


async def open_job_stream(
    gateway: Gateway, caller: Reader, job_id: UUID, seen: int | None, *, previews: bool = True
) -> OpenStream | None:
    """Open the job's events after version `seen`; None if the client has the last one already."""
    actor = caller.actor
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(
            gateway.hub.listening(actor.user_id, job_id, wants_previews=previews)
        )
        view = await find_job(gateway, actor, job_id)
        if view.status.is_terminal and seen is not None and seen >= view.version:
            return None
        missed = await missed_of_job(gateway, view, seen)
        frames = job_frames(gateway, listener, view, missed, caller)
        return OpenStream(frames, stack.pop_all())


async def job_frames(
    gateway: Gateway, listener: Listener, view: JobView, missed: list[Fact], caller: Reader
) -> AsyncGenerator[Frame, None]:
    yield Frame("job.snapshot", job_json(gateway, view, caller.actor))
    for fact in missed:
        if not fact.is_ending:
            yield Frame(fact.name, fact.data, fact.version)
    if view.status.is_terminal:
        yield Frame(f"job.{view.status.value}", job_json(gateway, view, caller.actor), view.version)
        return
    async for update in job_updates(gateway, listener, view.version, caller):
        yield update


async def job_updates(
    gateway: Gateway, listener: Listener, version: int, caller: Reader
) -> AsyncIterator[Frame]:
    """Yield the events after that version, until the job has ended."""
    async for update in updates(listener, caller):
        if isinstance(update, Frame):
            yield update
            continue
        if (views := await views_of(gateway, update)) is None:
            return
        for fact in update:
            if fact.version <= version:
                continue
            version = fact.version
            yield Frame(fact.name, data_of(gateway, fact, views, caller.actor), version)
            if fact.is_ending:
                return


async def open_owner_stream(
    gateway: Gateway, caller: Reader, last_id: str | None, *, previews: bool = True
) -> OpenStream:
    """Open the events of all of the caller's jobs after the position `last_id`."""
    actor = caller.actor
    async with AsyncExitStack() as stack:
        own = gateway.hub.listening(actor.user_id, actor.user_id, wants_previews=previews)
        listener = stack.enter_context(own)
        position = gateway.hub.ring.position
        seen = last_position(last_id, position.stream)
        missed = await missed_of_owner(gateway, actor.user_id, seen)
        page = await unfinished(gateway, actor) if missed is None else JobPage(items=[])
        after = position if missed is None or seen is None else seen
        frames = owner_frames(gateway, listener, page, missed or [], after, caller)
        return OpenStream(frames, stack.pop_all())


async def owner_frames(
    gateway: Gateway,
    listener: Listener,
    page: JobPage,
    missed: list[Fact],
    after: Position,
    caller: Reader,
) -> AsyncGenerator[Frame, None]:
    shown: dict[UUID, int] = {}
    try:
        async for view, is_last in snapshots(gateway, caller.actor, page):
            shown[view.id] = view.version
            id_ = after if is_last else None
            yield Frame("job.snapshot", summary_json(gateway, view, caller.actor), id_)
    except OperationError:
        return
    if not shown and not missed:
        yield Frame(POSITION, id=after)
    versions = SentVersions(shown)
    async for update in updates(listener, caller, missed):
        if isinstance(update, Frame):
            yield update
            continue
        fresh = [fact for fact in update if fact.position > after and versions.is_newer(fact)]
        if (views := await views_of(gateway, fresh)) is None:
            return
        for fact in fresh:
            yield Frame(fact.name, data_of(gateway, fact, views, caller.actor), fact.position)


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
    listener: Listener, caller: Reader, missed: Sequence[Fact] = ()
) -> AsyncIterator[list[Fact] | Frame]:
    """Yield missed facts, then facts as they arrive, and frames of signals and heartbeats.

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
            yield Frame(name, body)
        if listener.is_over:
            return
        if not await listener.wait(min(SILENCE_SECONDS, left)):
            yield HEARTBEAT


async def views_of(gateway: Gateway, facts: Sequence[Fact]) -> dict[UUID, JobView] | None:
    """Load the jobs that have ended, but for those that are gone; None: the client must come back.

    Clients that hear of the same ends share them.
    """
    ended = [fact.job_id for fact in facts if fact.is_ending]
    try:
        found = await asyncio.gather(*(view_of(gateway, job_id) for job_id in ended))
    except OperationError:
        return None
    return {view.id: view for view in found if view}


async def view_of(gateway: Gateway, job_id: UUID) -> JobView | None:
    try:
        return await gateway.loader.load(job_id)
    except OperationError as error:
        if passes(error):
            raise
        return None  # for good: who reconnects would get it again


def data_of(gateway: Gateway, fact: Fact, views: Mapping[UUID, JobView], reader: Actor) -> bytes:
    """Return the whole job if it ended, else the event's data; one at a time, as jobs are large."""
    view = views.get(fact.job_id) if fact.is_ending else None
    return fact.data if view is None else job_json(gateway, view, reader)


def job_json(gateway: Gateway, view: JobView, reader: Actor) -> bytes:
    return job_resource(gateway.signer, view, reader).model_dump_json().encode()


def summary_json(gateway: Gateway, summary: JobSummary, reader: Actor) -> bytes:
    return summary_resource(gateway.signer, summary, reader).model_dump_json().encode()
