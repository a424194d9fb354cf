"""Defines `Webhooks`, the first argument of every handler, and the requests in progress."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from webhooks import ports
from webhooks.domain.records import Candidate
from webhooks.domain.shares import Shares


@dataclass(slots=True)
class Flights:
    """Requests that this process sends now; `changed` is set when something may be sent."""

    running: dict[UUID, Candidate] = field(default_factory=dict[UUID, Candidate])
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    is_ending: bool = False

    async def end(self, within: float) -> None:
        """Wait for the requests in progress; those that last longer are given up and repeated."""
        self.is_ending = True
        if not self.tasks:
            return
        _, late = await asyncio.wait(self.tasks, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Ports, clock, limits and state of one process."""

    endpoints: ports.Endpoints
    recording: ports.Recording
    sending: ports.Sending
    deliveries: ports.Deliveries
    retention: ports.Retention
    receivers: ports.Receivers
    seal: ports.Seal
    clock: Callable[[], datetime]
    shares: Shares
    patience: timedelta
    """A webhook without a success for so long is disabled."""
    kept: timedelta
    """Age at which deliveries are deleted."""
    claimed_for: timedelta
    """Longer than a request can last with what is written down after it."""
    flights: Flights = field(default_factory=Flights)
