"""The scheduler's dataclass, and the leader's term that it holds while this process leads."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, takewhile
from time import monotonic
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from contracts.errors import UnavailableError
from contracts.message import Command
from contracts.scheduler.nodes import NodeEntry
from contracts.values import new_id
from runtime import clock
from runtime.wait import wait_for
from runtime.wall_clock import WallClock
from scheduler.domain.context import LoadedRows, Now, StepContext
from scheduler.domain.forecast import Forecast
from scheduler.domain.occurrences import Occurrence, Requested
from scheduler.domain.state import State
from scheduler.domain.weights import weight
from scheduler.ports import (
    Agents,
    BatchReader,
    JobReader,
    Leadership,
    Ledger,
    Meter,
    OverviewReader,
    Retention,
    UsageReader,
)

MOST_REQUESTS = 20_000
MOST_KEPT = 50_000


class Inbox:
    """Gathers occurrences in order; the loop takes as many at once as one step may weigh."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._items: list[Occurrence] = []
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Occurrence) -> None:
        """Add an occurrence; a full inbox takes requests only, because beats are repeated."""
        if len(self._items) >= MOST_KEPT and not isinstance(item, Requested):
            return
        self._items.append(item)
        self._wake.set()

    async def take(self, most: int, *, within: float) -> list[Occurrence]:
        """Take the oldest occurrences of this weight, at least one; none if none come in time."""
        if not self._items:
            self._wake.clear()
            await wait_for(self._wake, within)
        weights = accumulate(weight(self._state, item) for item in self._items)
        end = max(1, sum(1 for _ in takewhile(most.__ge__, weights)))
        taken, self._items = self._items[:end], self._items[end:]
        return taken


@dataclass(slots=True)
class Term:
    """One leader's term, from the state it loaded to the first commit that fails."""

    epoch: int
    state: State
    inbox: Inbox
    ledger: Ledger
    agents: Agents
    began_at: float = 0.0
    """When the state was loaded. This time and those below are in steady seconds."""
    renewed_at: float = 0.0
    """When the lead was last confirmed."""
    connected_at: float = 0.0
    """When NATS was last there."""
    ticked_at: float = 0.0
    republish_at: float = 0.0
    wall_clock: WallClock = field(default_factory=WallClock)
    settled_jobs: int = 0
    """Number of jobs when the garbage collector last set the state aside."""
    forecast: Forecast = field(default_factory=Forecast)
    forecast_at: float = float("-inf")
    answers: dict[int, asyncio.Future[BaseModel]] = field(
        default_factory=dict[int, asyncio.Future[BaseModel]]
    )
    _requests: int = 0

    async def request(self, command: Command[Any], trace: dict[str, str]) -> BaseModel:
        """Return the answer after its commit; raise the error that the core answered with."""
        if len(self.inbox) >= MOST_REQUESTS:
            raise UnavailableError("the scheduler is overloaded", code="overloaded", retry_in=2.0)
        token = self._requests = self._requests + 1
        answer = self.answers[token] = asyncio.get_running_loop().create_future()
        self.inbox.put(Requested(token, command, trace))
        return await answer


@dataclass(slots=True)
class Lead:
    """The lead of this process, if it has one."""

    term: Term | None = None
    """None while another process leads."""
    failures: int = 0
    """Terms in a row that ended early."""


@dataclass(frozen=True, slots=True)
class Scheduler:
    """One process: its adapters and clocks, and its term while it leads."""

    leadership: Leadership
    open_ledger: Callable[[int], Ledger]
    """Opens the database for an epoch."""
    open_agents: Callable[[int, Callable[[Occurrence], None]], Agents]
    """Opens the way to agents for an epoch; their answers become occurrences."""
    job_reader: JobReader
    batch_reader: BatchReader
    usage_reader: UsageReader
    overview_reader: OverviewReader
    retention: Retention
    meter: Meter
    is_connected: Callable[[], bool]
    published: Callable[[], Mapping[UUID, NodeEntry]]
    """Returns the known content of bucket `nodes`."""
    cut_off_seconds: float = 5.0
    """A leader without NATS gives up the lead after so long."""
    wall: Callable[[], datetime] = clock.now
    lead: Lead = field(default_factory=Lead)

    @property
    def term(self) -> Term | None:
        return self.lead.term

    def current_term(self) -> Term:
        """Return this process's term.

        While another process leads, cancel the request; its caller repeats it.
        """
        if self.term is None:
            raise asyncio.CancelledError
        return self.term

    def now(self, term: Term) -> Now:
        steady = monotonic()
        return Now(term.wall_clock.read(self.wall(), steady), steady)

    def read_context(self, term: Term) -> StepContext:
        """Return a context for reading the state as it is now."""
        return StepContext(term.state, LoadedRows(), self.now(term), new_id)
