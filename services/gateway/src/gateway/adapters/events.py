"""The stream of events and the signals of attempts, as the hub hears them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

import structlog

from contracts.agent import AttemptPreviewed, AttemptProgressed
from contracts.errors import UnavailableError
from contracts.message import Signal
from gateway.domain.facts import Fact, read_fact
from gateway.handlers.hub import Hub
from gateway.ports import TOO_MUCH
from runtime.bus.client import Bus
from runtime.bus.event_stream import StoredEvent

log = structlog.get_logger()

REPLAYS = 4
REPLAY_SECONDS = 15.0
MOST_REPLAYED = 50_000


class StreamArchive:
    """A few replays at a time: each reads a part of the stream from disk."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._free = asyncio.Semaphore(REPLAYS)

    async def bounds(self) -> tuple[int, int]:
        return await self._bus.event_bounds()

    async def follow(self, after: int) -> AsyncIterator[tuple[int, Fact | None]]:
        async for event in self._bus.events(after):
            yield event.sequence, fact_of(event)

    async def replay(self, owner_id: UUID, after: int, until: int) -> list[Fact]:
        try:
            async with asyncio.timeout(REPLAY_SECONDS), self._free:
                return await self._replay(owner_id, after, until)
        except TimeoutError as error:
            raise UnavailableError("too many clients catch up", retry_in=5) from error

    async def _replay(self, owner_id: UUID, after: int, until: int) -> list[Fact]:
        facts: list[Fact] = []
        replay = self._bus.replay(f"event.job.*.v1.{owner_id}", after, until)
        async with aclosing(replay) as events:
            async for event in events:
                if fact := fact_of(event):
                    facts.append(fact)
                if len(facts) > MOST_REPLAYED:
                    raise UnavailableError("too much was missed", code=TOO_MUCH)
        return facts


def fact_of(event: StoredEvent) -> Fact | None:
    """A malformed event is left out and said: one bad publisher must not stop the door."""
    try:
        return read_fact(event.sequence, event.subject, event.body)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        log.warning("event_malformed", subject=event.subject, reason=repr(error))
        return None


async def hear_signals(hub: Hub, bus: Bus) -> None:
    """Pass progress and previews on to whoever listens, as the bytes they are."""
    for signal, name in ((AttemptProgressed, "job.progress"), (AttemptPreviewed, "job.preview")):
        await hear(hub, bus, signal, name)


async def hear(hub: Hub, bus: Bus, signal: type[Signal], name: str) -> None:
    async def pass_on(keys: dict[str, str], body: bytes) -> None:
        try:
            owner_id, job_id = UUID(keys["owner_id"]), UUID(keys["job_id"])
        except ValueError:
            return
        hub.show(name, owner_id, job_id, body)

    await bus.subscribe_raw(signal, pass_on)
