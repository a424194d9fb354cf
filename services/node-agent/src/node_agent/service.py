"""Holds what handlers need: the agent, its claims (each a node behind an `Engine`), attempts."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from cachetools import LRUCache, TTLCache

from contracts.agent import AttemptOrder
from contracts.errors import OperationError
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import NodeEntry
from node_agent.domain.admission import STALE_CLAIM, Leadership
from node_agent.domain.endings import canceled_error
from node_agent.ports import (
    Description,
    Engine,
    EngineTask,
    Health,
    ObjectStore,
    OpenEngine,
    Patience,
    Preview,
    Version,
)
from runtime.bus.bucket import Mirror
from runtime.bus.client import Bus

log = structlog.get_logger()
T = TypeVar("T")
MAX_REMEMBERED = 10_000
MAX_VERSIONS = 256
WATCHED_SECONDS = 10.0
ENDED_SECONDS = 600.0
MAX_UPLOADS = 8


def id_memory(
    seconds: float, clock: Callable[[], float] = monotonic, most: int = MAX_REMEMBERED
) -> TTLCache[UUID, None]:
    """Ids that are forgotten some seconds after they were last added, the oldest first if full."""
    return TTLCache[UUID, None](most, seconds, timer=clock)


@dataclass(frozen=True, slots=True)
class NodeAgent:
    """One agent process; its id is as old as the process."""

    agent_id: UUID
    pool: str
    bus: Bus
    specs: Mirror[NodeEntry]
    """Bucket `nodes`."""
    engines: Mapping[str, OpenEngine]
    patience: Patience
    store: ObjectStore
    most_output_bytes: int
    claims_dirty: asyncio.Event
    """Claims or specs changed."""
    leadership: Leadership = field(default_factory=Leadership)
    watched: TTLCache[UUID, None] = field(default_factory=lambda: id_memory(WATCHED_SECONDS))
    """Jobs that somebody looks at now."""
    versions: LRUCache[str, Version] = field(
        default_factory=lambda: LRUCache[str, Version](MAX_VERSIONS)
    )
    claims: dict[UUID, "Claim | None"] = field(default_factory=dict[UUID, "Claim | None"])
    """By node; None while the node is being claimed."""


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt, from its order until the scheduler has heard how it ended."""

    order: AttemptOrder
    phase: AttemptPhase = AttemptPhase.PREPARING
    progress: Progress = field(default_factory=Progress)
    is_progress_new: bool = False
    preview: Preview | None = None
    canceled: asyncio.Event = field(default_factory=asyncio.Event)

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
                raise canceled_error()
            return task.result()
        finally:
            cancel.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})


@dataclass(slots=True)
class Trial:
    """The trial that the scheduler asks of a node that did harm."""

    asked: int = 0
    """Number of the newest; 0: none."""
    passed: int = 0
    failure: str | None = None
    requested: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, number: int) -> None:
        if number != self.asked:
            self.asked, self.failure = number, None
            self.requested.set()


@dataclass(slots=True, eq=False)
class Claim:
    """One claimed node: its engine, attempts and loops.

    Handlers of the node's commands get it as their first argument.
    """

    agent: NodeAgent
    spec: NodeEntry
    number: int
    engine: Engine
    must_not_run: TTLCache[UUID, None] = field(default_factory=lambda: id_memory(ENDED_SECONDS))
    """Attempts that ended or were canceled; each is remembered for ten minutes."""
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    slot: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from the POST of an attempt to the end of its execution."""
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_UPLOADS))
    trial: Trial = field(default_factory=Trial)
    complaint: str | None = None
    """Why its capabilities cannot be had."""
    is_adopting: bool = False
    """Not yet known what became of attempts that another agent left."""
    is_leaving: bool = False
    is_removed: bool = False
    """Nobody waits for reports any more."""
    beat_due: asyncio.Event = field(default_factory=asyncio.Event)
    """A beat is due at once."""
    progressed: asyncio.Event = field(default_factory=asyncio.Event)
    outdated: asyncio.Event = field(default_factory=asyncio.Event)
    """Capabilities may have changed."""
    description: Description | None = None
    """As the scheduler knows it."""
    described: asyncio.Event = field(default_factory=asyncio.Event)
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    bug: BaseException | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def id(self) -> UUID:
        return self.spec.node_id

    @property
    def address(self) -> str:
        """The server's, without a path, and without credentials, which have no place in it."""
        parts = urlsplit(self.spec.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def is_led(self) -> bool:
        return self.agent.leadership.is_present(monotonic())

    def reason(self, health: Health) -> str | None:
        """Why the node is not well, for its operator."""
        if not health.is_reachable:
            return f"{self.address} {health.reason}"
        if not health.is_dead and self.trial.failure:
            return f"a trial prompt failed: {self.trial.failure}"
        return health.reason or self.complaint

    def health_changed(self) -> None:
        """A server that came back may be another one now."""
        self.beat_due.set()
        self.trial.requested.set()
        if self.engine.health().is_reachable:
            self.outdated.set()

    def task_of(self, attempt: Attempt) -> EngineTask:
        def progressed(progress: Progress) -> None:
            attempt.progress, attempt.is_progress_new = progress, True
            self.progressed.set()

        def previewed(preview: Preview) -> None:
            attempt.preview = preview

        return EngineTask(
            attempt_id=attempt.id,
            timeout_seconds=attempt.order.timeout_seconds,
            progressed=progressed,
            previewed=previewed,
            is_watched=lambda: attempt.order.job_id in self.agent.watched,
        )

    def enter(self, attempt: Attempt, phase: AttemptPhase) -> None:
        """Only a slot that came free is worth a beat at once; the rest can wait for the next."""
        attempt.phase = phase
        if phase is AttemptPhase.UPLOADING:
            self.beat_due.set()

    def forget(self, attempt: Attempt) -> None:
        """It is over, and must not run again if its order comes once more."""
        self.must_not_run[attempt.id] = None
        del self.attempts[attempt.id]
        if not self.attempts:
            self.emptied.set()
        self.beat_due.set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Work beside the loops; it ends with the claim. An error in it ends the claim."""
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if isinstance(error, OperationError) and error.code == STALE_CLAIM:
            log.info("claim_lost", node_id=str(self.id), reason=error.message)
        else:
            self.bug = error
        self.ended.set()
