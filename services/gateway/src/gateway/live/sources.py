"""Feeds the hub: with every event of the stored stream, and with the signals of attempts.

Signals are passed on as the bytes that arrived, undecoded, for speed. Clients that reconnect get
missed events from the stored stream.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from uuid import UUID

import structlog

from contracts.agent import JobWatched, OwnerWatched
from contracts.errors import UnavailableError
from contracts.event import Position
from contracts.message import Signal
from contracts.scheduler.jobs import JobView
from gateway.http.problems import RefusedError
from gateway.live.facts import Fact, complete, read_fact
from gateway.service import Gateway
from runtime.bus import event_stream
from runtime.bus.event_stream import StoredEvent

log = structlog.get_logger()

CATCH_UP_SECONDS = 15.0
SHORT_SECONDS = 3.0
MAX_MISSED = 50_000
MAX_SKIPPED = 2_000
"""Facts that are read for the history of one job: its snapshot tells all that matters."""
TOO_MUCH = "too_much_missed"


async def follow_events(gateway: Gateway) -> None:
    """Pass on each new event until canceled."""
    _, last = await event_stream.bounds(gateway.bus)
    gateway.hub.begin(last)
    async for event in event_stream.follow(gateway.bus, last.sequence):
        gateway.hub.receive(event.position, fact_of(event))


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


async def read_missed(
    gateway: Gateway, owner_id: UUID, after: Position, until: Position
) -> list[Fact]:
    """Return the owner's facts in between, in order.

    Raises UnavailableError if it takes too long, with code `TOO_MUCH` if there are too many, and
    RefusedError while the owner's other streams read.
    """
    facts: list[Fact] = []
    async with reading(gateway, owner_id, after, until, CATCH_UP_SECONDS) as stored:
        async for fact in stored:
            facts.append(fact)
            if len(facts) > MAX_MISSED:
                raise UnavailableError("too much was missed", code=TOO_MUCH)
    return facts


async def read_missed_of_job(gateway: Gateway, view: JobView) -> list[Fact]:
    """Return facts of the job; none if they stand behind too many others of its owner.

    Raises as `read_missed` does.
    """
    facts: list[Fact] = []
    seen = 0
    begin, end = await event_stream.bounds(gateway.bus)
    async with reading(gateway, view.owner_id, begin, end, SHORT_SECONDS) as stored:
        async for fact in stored:
            seen += 1
            if fact.job_id == view.id:
                facts.append(fact)
                if fact.version >= view.version:
                    break
            if seen >= MAX_SKIPPED:
                break
    return facts


@asynccontextmanager
async def reading(
    gateway: Gateway, owner_id: UUID, after: Position, until: Position, seconds: float
) -> AsyncGenerator[AsyncIterator[Fact], None]:
    """Open the owner's stored facts in one of few places, of which one owner has one."""
    stored = event_stream.read_stored(gateway.bus, f"event.job.*.v1.{owner_id}", after, until)
    try:
        async with (
            gateway.catch_ups.place(user=owner_id),
            asyncio.timeout(seconds),
            aclosing(stored) as events,
        ):
            yield (fact async for event in events if (fact := fact_of(event)))
    except TimeoutError as error:
        raise UnavailableError("reading missed events takes too long", retry_in=5) from error


def fact_of(event: StoredEvent) -> Fact | None:
    """Return the fact; None for a malformed event, which is logged and stops nobody."""
    try:
        return read_fact(event.position, event.subject, event.body)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        log.warning("event_malformed", subject=event.subject, reason=repr(error))
        return None


async def subscribe_raw(gateway: Gateway, table: Mapping[type[Signal], str]) -> None:
    """Pass these signals on, undecoded, as the events with these names."""
    for signal, name in table.items():
        await gateway.bus.subscribe_raw(signal, partial(pass_on, gateway, name))


async def pass_on(gateway: Gateway, name: str, keys: dict[str, str], body: bytes) -> None:
    try:
        owner_id, job_id = UUID(keys["owner_id"]), UUID(keys["job_id"])
    except ValueError:
        return
    gateway.hub.pass_signal(name, owner_id, job_id, body)


async def announce_watched_jobs(gateway: Gateway) -> None:
    """Tell agents which jobs and owners have an open stream: they send previews of those only."""
    for job_id in gateway.hub.watched_jobs:
        await gateway.bus.signal(JobWatched(job_id=job_id))
    for owner_id in gateway.hub.watched_owners:
        await gateway.bus.signal(OwnerWatched(owner_id=owner_id))
