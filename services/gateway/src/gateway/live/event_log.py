"""Reads the stored stream of events: for the hub, and for clients that reconnect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Protocol
from uuid import UUID

import structlog

from contracts.errors import UnavailableError
from gateway.live.facts import Fact, read_fact
from runtime.bus import event_stream
from runtime.bus.client import Bus
from runtime.bus.event_stream import StoredEvent

log = structlog.get_logger()

REPLAYS = 4
REPLAY_SECONDS = 15.0
MAX_REPLAYED = 50_000
TOO_MUCH = "too_much_missed"


class EventLog(Protocol):
    """The stored stream of events."""

    async def bounds(self) -> tuple[int, int]:
        """Return the sequence numbers of the first and the last event kept.

        (last + 1, last) if none is.
        """
        ...

    def follow(self, after: int) -> AsyncIterator[tuple[int, Fact | None]]:
        """Yield every event after that sequence number, in order, for ever.

        The fact is None if the event is not about a job.
        """
        ...

    async def replay(self, owner_id: UUID, after: int, until: int) -> list[Fact]:
        """Return the owner's facts in between, in order.

        Raises UnavailableError if it takes too long, with code `TOO_MUCH` if there are too many.
        """
        ...


class StreamEventLog:
    """Reads stream `EVENTS`; few replays run at a time, since each reads from disk."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._free = asyncio.Semaphore(REPLAYS)

    async def bounds(self) -> tuple[int, int]:
        return await event_stream.bounds(self._bus)

    async def follow(self, after: int) -> AsyncIterator[tuple[int, Fact | None]]:
        async for event in event_stream.follow(self._bus, after):
            yield event.sequence, fact_of(event)

    async def replay(self, owner_id: UUID, after: int, until: int) -> list[Fact]:
        try:
            async with asyncio.timeout(REPLAY_SECONDS), self._free:
                return await self._replay(owner_id, after, until)
        except TimeoutError as error:
            raise UnavailableError("too many clients read missed events", retry_in=5) from error

    async def _replay(self, owner_id: UUID, after: int, until: int) -> list[Fact]:
        facts: list[Fact] = []
        replay = event_stream.replay(self._bus, f"event.job.*.v1.{owner_id}", after, until)
        async with aclosing(replay) as events:
            async for event in events:
                if fact := fact_of(event):
                    facts.append(fact)
                if len(facts) > MAX_REPLAYED:
                    raise UnavailableError("too much was missed", code=TOO_MUCH)
        return facts


def fact_of(event: StoredEvent) -> Fact | None:
    """Return the fact; None for a malformed event, which is logged and stops nobody."""
    try:
        return read_fact(event.sequence, event.subject, event.body)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        log.warning("event_malformed", subject=event.subject, reason=repr(error))
        return None
