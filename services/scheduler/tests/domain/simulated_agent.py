"""An agent and its ComfyUI for simulations; the ComfyUI outlives the agent, and may forget."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.message import Command
from contracts.scheduler.claims import (
    AttemptPhase,
    BeatAttempt,
    ClaimNode,
    NodeBeat,
    ReportCapabilities,
)
from contracts.scheduler.nodes import Capabilities
from scheduler.domain.effects import ClaimGranted

CAPABILITIES = Capabilities(digest="d", engine_version="0.8.0", classes=["A"], models=[])
FAILURES = (Cause.WORKFLOW, Cause.OUT_OF_MEMORY, Cause.NODE_FAULT, Cause.UNREACHABLE, Cause.OUTPUT)


@dataclass(slots=True)
class SimulatedAgent:
    node_id: UUID
    random: Random
    ask: Callable[[Command[Any], Callable[[object], None]], None]
    beat: Callable[[NodeBeat], None]
    agent_id: UUID
    is_alive: bool = True
    claim: int = 0
    known: dict[UUID, AttemptPhase] = field(default_factory=dict[UUID, AttemptPhase])
    canceled: set[UUID] = field(default_factory=set[UUID])
    ends: dict[UUID, AttemptEnd] = field(default_factory=dict[UUID, AttemptEnd])
    comfyui: dict[UUID, float] = field(default_factory=dict[UUID, float])
    """Seconds of work left of each prompt; 0 is history."""
    executions: int = 0
    trial: int = 0
    """Number of the trial that the bucket of nodes requests; each one is passed."""

    def crash(self) -> None:
        """Forget everything; a new process takes over later."""
        self.is_alive, self.claim = False, 0
        self.agent_id = UUID(int=self.random.getrandbits(128))
        self.known, self.canceled, self.ends = {}, set(), {}

    def restart_comfyui(self) -> None:
        self.comfyui.clear()

    def act(self, seconds: float, chance: float) -> None:
        """Live on for a while: work, then say what happened, each with some chance."""
        self.comfyui = {k: max(0.0, left - seconds) for k, left in self.comfyui.items()}
        if not self.is_alive:
            return
        if not self.claim:
            command = ClaimNode(agent_id=self.agent_id, node_id=self.node_id)
            self.ask(command, self.take_claim)
            return
        for attempt_id in list(self.known):
            self.follow(attempt_id)
        if self.random.random() < chance:
            self.say_beat()
        for attempt_id, end in list(self.ends.items()):
            if self.random.random() < chance:
                self.say_finished(attempt_id, end)

    def take_claim(self, answer: object) -> None:
        if not isinstance(answer, ClaimGranted) or answer.entry.agent_id != self.agent_id:
            return
        if not self.claim:
            self.claim = answer.entry.claim
            for attempt in answer.live:
                here = attempt.id in self.comfyui
                self.known[attempt.id] = AttemptPhase.POSTED if here else AttemptPhase.PREPARING
                if not here:
                    self.end(attempt.id, Outcome.FAILED, Cause.LOST)
        report = ReportCapabilities(
            node_id=self.node_id, claim=self.claim, capabilities=CAPABILITIES
        )
        self.ask(report, lambda _: None)

    def take_order(self, attempt_id: UUID) -> bool:
        """Accept an order, or refuse it: one prompt at a time."""
        if attempt_id in self.known:
            return True
        busy = sum(phase is not AttemptPhase.REPORTING for phase in self.known.values())
        if busy or not self.claim:
            return False
        self.known[attempt_id] = AttemptPhase.PREPARING
        return True

    def take_recall(self, attempt_id: UUID) -> None:
        self.canceled.add(attempt_id)
        self.comfyui.pop(attempt_id, None)
        if attempt_id in self.known and attempt_id not in self.ends:
            self.end(attempt_id, Outcome.CANCELED)

    def follow(self, attempt_id: UUID) -> None:
        """Take an attempt one step further."""
        if attempt_id in self.ends:
            return
        if self.known[attempt_id] is AttemptPhase.PREPARING:
            self.known[attempt_id] = AttemptPhase.POSTED
            self.comfyui[attempt_id] = self.random.uniform(0.2, 4.0)
            self.executions += 1
        elif attempt_id not in self.comfyui:
            self.end(attempt_id, Outcome.FAILED, Cause.LOST)
        elif not self.comfyui[attempt_id]:
            is_bad = self.random.random() < 0.1
            cause = self.random.choice(FAILURES) if is_bad else None
            self.end(attempt_id, Outcome.FAILED if is_bad else Outcome.COMPLETED, cause)

    def end(self, attempt_id: UUID, outcome: Outcome, cause: Cause | None = None) -> None:
        self.known[attempt_id] = AttemptPhase.REPORTING
        self.ends[attempt_id] = AttemptEnd(outcome=outcome, cause=cause)

    def say_beat(self) -> None:
        attempts = [BeatAttempt(attempt_id=k, phase=phase) for k, phase in self.known.items()]
        self.beat(
            NodeBeat(
                node_id=self.node_id,
                claim=self.claim,
                is_reachable=True,
                attempts=attempts,
                passed_trial=self.trial,
            )
        )

    def say_finished(self, attempt_id: UUID, end: AttemptEnd) -> None:
        report = FinishAttempt(
            node_id=self.node_id, claim=self.claim, attempt_id=attempt_id, end=end
        )
        self.ask(report, lambda _: self.forget(attempt_id))

    def forget(self, attempt_id: UUID) -> None:
        """The report was answered, be it with `stale_claim`."""
        self.known.pop(attempt_id, None)
        self.ends.pop(attempt_id, None)
