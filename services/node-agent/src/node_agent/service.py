"""Holds what handlers need: the agent, its claims (each a node behind an `Engine`), attempts."""

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from cachetools import TTLCache

from contracts.agent import AttemptOrder
from contracts.errors import ConflictError, OperationError
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import ClaimedNode, NodeEntry
from contracts.scheduler.timings import Timings
from node_agent.domain.admission import STALE_CLAIM, Leadership
from node_agent.domain.endings import canceled_error
from node_agent.domain.managed import ManagedServer
from node_agent.domain.memory import id_memory
from node_agent.domain.stopwatch import Stopwatch
from node_agent.domain.transfers import Transfers
from node_agent.ports import (
    Description,
    Engine,
    ModelFiles,
    ObjectStore,
    OpenEngine,
    Preview,
    Version,
)
from runtime.bus.bucket import KeptValues, Mirror
from runtime.bus.client import Bus

log = structlog.get_logger()
T = TypeVar("T")
WATCHED_SECONDS = 10.0
ENDED_SECONDS = 600.0
MAX_UPLOADS = 8


@dataclass(frozen=True, slots=True)
class NodeAgent:
    """One agent process; each start makes a new id."""

    agent_id: UUID
    pool: str
    machine: str
    bus: Bus
    node_entries: Mirror[NodeEntry]
    """Bucket `nodes`."""
    versions: KeptValues[Version]
    """Workflow versions by hash."""
    engines: Mapping[str, OpenEngine]
    store: ObjectStore
    max_output_bytes: int
    models: ModelFiles | None
    claims_dirty: asyncio.Event
    """Claims or entries changed."""
    servers: Mapping[UUID, ManagedServer]
    """Servers that this agent runs itself, by node."""
    leadership: Leadership = field(default_factory=Leadership)
    watched: TTLCache[UUID, None] = field(default_factory=lambda: id_memory(WATCHED_SECONDS))
    """Jobs that a client watches now, and users of whom it watches all jobs."""
    claims: dict[UUID, "Claim | None"] = field(default_factory=dict[UUID, "Claim | None"])
    """By node; None while the node is being claimed."""
    transfers: Transfers = field(default_factory=Transfers)

    def is_watched(self, order: AttemptOrder) -> bool:
        return order.job_id in self.watched or order.owner_id in self.watched

    def claim_of(self, node_id: UUID) -> "Claim":
        """Return the claim on the node. Raises ConflictError if this agent holds none."""
        if claim := self.claims.get(node_id):
            return claim
        raise ConflictError("the agent lost this node: ask again in a moment", code=STALE_CLAIM)


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt, from its order until the scheduler knows how it ended."""

    order: AttemptOrder
    phase: AttemptPhase = AttemptPhase.PREPARING
    progress: Progress = field(default_factory=Progress)
    is_progress_new: bool = False
    preview: Preview | None = None
    canceled: asyncio.Event = field(default_factory=asyncio.Event)
    is_moved: bool = False
    """It was canceled by a recall that moves its job."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    timings: Timings | None = None

    @property
    def id(self) -> UUID:
        return self.order.attempt_id

    async def unless_canceled(self, work: Awaitable[T]) -> T:
        """Return the result of `work`; if canceled first, stop it and raise AttemptEndedError."""
        task = asyncio.ensure_future(work)
        cancel = asyncio.ensure_future(self.canceled.wait())
        try:
            await asyncio.wait({task, cancel}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise canceled_error(is_moved=self.is_moved)
            return task.result()
        finally:
            cancel.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})


@dataclass(slots=True)
class Trial:
    """The trial that the scheduler requests of a new or a quarantined node."""

    asked: int = 0
    """Number of the newest request; 0: none."""
    passed: int = 0
    failure: str | None = None
    requested: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, number: int) -> None:
        if number != self.asked:
            self.asked, self.failure = number, None
            self.requested.set()


@dataclass(slots=True, eq=False)
class Attempts:
    """The attempts of one claim, and the ids that must not run any more."""

    live: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    must_not_run: TTLCache[UUID, None] = field(default_factory=lambda: id_memory(ENDED_SECONDS))
    """Attempts that ended or were canceled, each for ten minutes."""
    refused: TTLCache[UUID, None] = field(default_factory=lambda: id_memory(ENDED_SECONDS))
    """Attempts whose order was refused, each for ten minutes."""
    slot: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from the start of an attempt in the engine to the end of its execution."""
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_UPLOADS))
    is_node_removed: bool = False
    """The node was removed, so nobody waits for reports."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def forget(self, attempt: Attempt) -> None:
        """Forget an ended attempt, and refuse its order if it is repeated."""
        self.must_not_run[attempt.id] = None
        del self.live[attempt.id]
        self.ended.set()

    async def until_empty(self) -> None:
        while self.live:
            self.ended.clear()
            await self.ended.wait()


@dataclass(slots=True, eq=False)
class Reported:
    """The description of the server as the scheduler knows it."""

    description: Description | None = None
    problem: str | None = None
    """The reason why the capabilities are unknown."""
    outdated: asyncio.Event = field(default_factory=asyncio.Event)
    """The capabilities may have changed."""
    described: asyncio.Event = field(default_factory=asyncio.Event)
    """There is a new description for the registry."""


@dataclass(slots=True, eq=False)
class ClaimTasks:
    """The loops and attempts of one claim; an error in one of them ends the claim."""

    running: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    is_ending: bool = False
    """The claim ends soon, or the scheduler is asked whether it does; entries do not matter."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    bug: BaseException | None = None

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start a task that is canceled with the claim and ends the claim if it fails."""
        task = asyncio.create_task(work, name=name)
        self.running.add(task)
        task.add_done_callback(self._task_ended)

    async def stop(self) -> None:
        """Cancel all tasks. An attempt inside the engine goes on, for the agent that adopts it."""
        if tasks := list(self.running):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=10)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if isinstance(error, OperationError) and error.code == STALE_CLAIM:
            log.info("claim_lost", task=task.get_name(), reason=error.message)
        else:
            self.bug = error
        self.ended.set()


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """One claimed node: its engine, its attempts and their tasks."""

    agent: NodeAgent
    entry: ClaimedNode
    number: int
    engine: Engine
    attempts: Attempts = field(default_factory=Attempts)
    tasks: ClaimTasks = field(default_factory=ClaimTasks)
    trial: Trial = field(default_factory=Trial)
    reported: Reported = field(default_factory=Reported)
    beat_due: asyncio.Event = field(default_factory=asyncio.Event)
    """A beat is due at once."""
    progressed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> UUID:
        return self.entry.node_id

    @property
    def server(self) -> ManagedServer | None:
        return self.agent.servers.get(self.id)

    @property
    def address(self) -> str:
        """Return the address of the server without credentials."""
        parts = urlsplit(self.entry.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def is_led(self) -> bool:
        return self.agent.leadership.is_present(monotonic())

    def enter(self, attempt: Attempt, phase: AttemptPhase) -> None:
        """Set the phase; if that frees the slot, send a beat at once."""
        attempt.phase = phase
        if phase is AttemptPhase.UPLOADING:
            self.beat_due.set()

    def forget(self, attempt: Attempt) -> None:
        self.attempts.forget(attempt)
        self.beat_due.set()
