"""Makes the event stream of a batch: the live events of all its jobs, until the last has ended.

A client that comes back gets the events that it missed. A job that has ended although its end is
not among them is shown as it is: either the client has its end, or the end is not published yet.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

from contracts.access import Actor
from contracts.errors import OperationError
from contracts.event import Position
from contracts.scheduler.batches import BatchView, FindBatch
from contracts.scheduler.job_requests import ListJobs
from contracts.scheduler.jobs import JobSummary
from gateway.batches.resources import batch_summary
from gateway.live.facts import Fact, SentVersions
from gateway.live.frames import ALL_SEEN, POSITION, Frame, last_position, last_seen
from gateway.live.hub import Listener
from gateway.live.sources import missed_of_owner
from gateway.live.streams import OpenStream, Reader, data_of, summary_json, updates, views_of
from gateway.service import Gateway

PAGE = 200


async def open_batch_stream(
    gateway: Gateway, caller: Reader, batch_id: UUID, last_id: str | None
) -> OpenStream | None:
    """Open the batch's events after the position `last_id`; None if the client has all of them."""
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(
            gateway.hub.listening(caller.actor.user_id, batch_id, wants_previews=False)
        )
        batch = await find(gateway, caller.actor, batch_id)
        if (has_all := last_seen(last_id) == ALL_SEEN) and is_over(batch):
            return None
        position = gateway.hub.ring.position
        seen = None if has_all else last_position(last_id, position.stream)
        missed = await missed_of_owner(gateway, batch.owner_id, seen)
        after = position if missed is None or seen is None else seen
        if missed is not None:
            missed = [fact for fact in missed if fact.batch_id == batch_id]
        frames = batch_frames(gateway, listener, batch_id, missed, after, caller)
        return OpenStream(frames, stack.pop_all())


class Known:
    """Keeps which jobs the client has been shown, and whose ends it has yet to get."""

    def __init__(self, missed: Sequence[Fact] | None) -> None:
        self._is_new = missed is None
        self._ends = {fact.job_id for fact in missed or () if fact.is_ending}
        self.unfinished = set(self._ends)
        self.versions: dict[UUID, int] = {}

    def take(self, view: JobSummary) -> bool:
        """Note a job as it is now; return whether the client must be shown it."""
        if not view.status.is_terminal:
            self.unfinished.add(view.id)
        is_over = view.status.is_terminal and view.id not in self._ends
        if not self._is_new and not is_over:
            return False
        self.versions[view.id] = view.version
        return True

    def tell(self, fact: Fact) -> None:
        (self.unfinished.discard if fact.is_ending else self.unfinished.add)(fact.job_id)


async def batch_frames(
    gateway: Gateway,
    listener: Listener,
    batch_id: UUID,
    missed: list[Fact] | None,
    after: Position,
    caller: Reader,
) -> AsyncGenerator[Frame, None]:
    known = Known(missed)
    try:
        async for view in jobs_of(gateway, caller.actor, batch_id):
            if known.take(view):
                yield Frame("job.snapshot", summary_json(gateway, view, caller.actor))
    except OperationError:
        return
    yield Frame(POSITION, id=after)
    if known.unfinished:
        told = updates(listener, caller, missed or ())
        async for update in frames_until_the_end(gateway, known, told, after, caller.actor):
            yield update
    if not known.unfinished:
        async for last in last_frame(gateway, caller.actor, batch_id):
            yield last


async def frames_until_the_end(
    gateway: Gateway,
    known: Known,
    told: AsyncIterator[list[Fact] | Frame],
    after: Position,
    reader: Actor,
) -> AsyncIterator[Frame]:
    """Yield what is told until each job has ended, or the client must come back."""
    versions = SentVersions(known.versions)
    async for update in told:
        if isinstance(update, Frame):
            yield update
            continue
        fresh = [fact for fact in update if fact.position > after and versions.is_newer(fact)]
        if (views := await views_of(gateway, fresh)) is None:
            return
        for fact in fresh:
            yield Frame(fact.name, data_of(gateway, fact, views, reader), fact.position)
            known.tell(fact)
        if not known.unfinished:
            return


async def last_frame(gateway: Gateway, actor: Actor, batch_id: UUID) -> AsyncIterator[Frame]:
    """Yield the frame that says that all has been told; none if the client must come back."""
    try:
        batch = await find(gateway, actor, batch_id)
    except OperationError:
        return
    if is_over(batch):
        summary = batch_summary(gateway.settings.path_prefix, batch)
        yield Frame("batch.finished", summary.model_dump_json().encode(), ALL_SEEN)


async def find(gateway: Gateway, actor: Actor, batch_id: UUID) -> BatchView:
    return await gateway.bus.call(FindBatch(actor=actor, batch_id=batch_id))


def is_over(batch: BatchView) -> bool:
    """Return whether all jobs that exist have ended."""
    counts = batch.job_count_by_status.items()
    return not any(count for status, count in counts if not status.is_terminal)


async def jobs_of(gateway: Gateway, actor: Actor, batch_id: UUID) -> AsyncIterator[JobSummary]:
    """Yield all jobs of the batch as they are now, page by page."""
    cursor: str | None = None
    while True:
        query = ListJobs(actor=actor, batch_id=batch_id, limit=PAGE, cursor=cursor)
        page = await gateway.bus.call(query)
        for view in page.items:
            yield view
        if (cursor := page.next_cursor) is None:
            return
