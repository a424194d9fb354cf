"""One claimed node, as everything that works for it shares it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from contracts.agent import AttemptOrder
from contracts.scheduler.jobs import Progress
from contracts.scheduler.nodes import AttemptPhase, NodeSpec
from node_agent.domain.admission import StaleClaimError, Standing
from node_agent.domain.capabilities import Description
from node_agent.domain.events import Previewed
from node_agent.domain.leadership import Leadership
from node_agent.domain.memory import Memory
from node_agent.domain.progress import Run
from node_agent.domain.tuning import Tuning
from node_agent.domain.vitals import QueueView, Vitals
from node_agent.ports import Calls, Clock, Comfy, Files, ObjectStore, Versions

log = structlog.get_logger()
REMEMBERED_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What every node's work is done with."""

    calls: Calls
    store: ObjectStore
    files: Files
    versions: Versions
    tuning: Tuning
    clock: Clock


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt, from its order until the scheduler has heard how it ended."""

    order: AttemptOrder
    phase: AttemptPhase = AttemptPhase.PREPARING
    run: Run = field(default_factory=Run)
    progress: Progress = field(default_factory=Progress)
    client_id: str | None = None
    """Connection that hears of it; None if it was posted by somebody else before us."""
    is_running: bool = False
    has_worked: bool = False
    """Some graph node started, so ComfyUI's worker is alive."""
    canceled: asyncio.Event = field(default_factory=asyncio.Event)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    """Something happened: look at ComfyUI now."""
    preview: Previewed | None = None
    is_progress_new: bool = False

    @property
    def id(self) -> UUID:
        return self.order.attempt_id

    @property
    def prompt_id(self) -> str:
        return str(self.order.attempt_id)

    def cancel(self) -> None:
        self.canceled.set()
        self.stirred.set()


@dataclass(slots=True, eq=False)
class Node:
    """What is known of one node; lives as long as its claim."""

    spec: NodeSpec
    claim: int
    comfy: Comfy
    tools: Tools
    leadership: Leadership
    watched: Memory[UUID]
    """Jobs that somebody looks at now."""
    vitals: Vitals
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    gone: Memory[UUID] = field(default_factory=lambda: Memory[UUID](REMEMBERED_SECONDS))
    """Attempts that ended or were canceled: they must not run (again)."""
    staged: Memory[str] = field(default_factory=lambda: Memory[str](24 * 3600.0))
    slot: asyncio.Lock = field(default_factory=asyncio.Lock)
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(8))
    queue: QueueView = field(default_factory=QueueView)
    client_id: str | None = None
    is_adopting: bool = False
    """Not yet known what became of attempts that another agent left."""
    is_reachable: bool = False
    is_dead: bool = False
    reason: str | None = "ComfyUI has not answered yet"
    complaint: str | None = None
    """Why its capabilities cannot be had."""
    trial: int = 0
    """Number of the trial that the scheduler asks for; 0: none."""
    trial_asked: asyncio.Event = field(default_factory=asyncio.Event)
    passed_trial: int = 0
    trial_failure: str | None = None
    vram_free_mb: int | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    progressed: asyncio.Event = field(default_factory=asyncio.Event)
    refresh: asyncio.Event = field(default_factory=asyncio.Event)
    """Capabilities may have changed."""
    description: Description | None = None
    described: asyncio.Event = field(default_factory=asyncio.Event)
    is_removed: bool = False
    """Nobody waits for reports any more."""
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    bug: BaseException | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def id(self) -> UUID:
        return self.spec.node_id

    @property
    def now(self) -> float:
        return self.tools.clock()

    def standing(self) -> Standing:
        return Standing(
            claim=self.claim,
            epoch=self.leadership.epoch,
            is_led=self.leadership.is_present(self.now),
            is_reachable=self.is_reachable and not self.is_dead and not self.is_adopting,
        )

    def enter(self, attempt: Attempt, phase: AttemptPhase) -> None:
        """Only a slot that came free is worth a beat at once; the rest can wait for the next."""
        attempt.phase = phase
        if phase is AttemptPhase.UPLOADING:
            self.changed.set()

    def ask_trial(self, number: int) -> None:
        if number != self.trial:
            self.trial, self.trial_failure = number, None
            self.trial_asked.set()

    def forget(self, attempt: Attempt) -> None:
        """It is over, and must not run again if its order comes once more."""
        self.gone.add(attempt.id, self.now)
        del self.attempts[attempt.id]
        self.queue = self.queue.without(attempt.prompt_id)  # else it looks foreign for a second
        if not self.attempts:
            self.emptied.set()
        self.changed.set()

    def attempt_of(self, prompt_id: str) -> Attempt | None:
        return next((a for a in self.attempts.values() if a.prompt_id == prompt_id), None)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Work beside the loops; it ends with the claim. An error in it ends the claim."""
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if isinstance(error, StaleClaimError):
            log.info("claim_lost", node_id=str(self.id), reason=error.message)
        else:
            self.bug = error
        self.over.set()
