"""An agent for simulations: it claims a node beside rivals, adopts, refuses, stands still, dies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.errors import OperationError, UnavailableError
from contracts.message import Command
from contracts.scheduler.claims import AttemptPhase, ClaimNode, NodeBeat
from contracts.scheduler.nodes import NodeEntry
from scheduler.domain.effects import ClaimGranted
from scheduler.domain.jobs import EXECUTED_PHASES

from .simulated_description import SimulatedDescription
from .simulated_engine import SimulatedEngine
from .simulated_leadership import SimulatedLeadership

FAILURES = (Cause.WORKFLOW, Cause.OUT_OF_MEMORY, Cause.NODE_FAULT, Cause.UNREACHABLE)
BEFORE_THE_POST = (Cause.MISSING, Cause.INPUT, Cause.UNAVAILABLE)
"""Causes for which an attempt never reaches the engine."""
POSTED = AttemptPhase.POSTED
REFUSALS = ("unreachable", "adopting", "no_room")


@dataclass(slots=True)
class SimulatedAgent:
    node_id: UUID
    random: Random
    engine: SimulatedEngine
    servers: Mapping[str, SimulatedEngine]
    """Engines by address."""
    ask: Callable[[Command[Any], Callable[[object], None]], None]
    beat: Callable[[NodeBeat], None]
    posts: Callable[["SimulatedAgent", UUID], None]
    """Called before an attempt is posted."""
    agent_id: UUID
    steady: Callable[[], float]
    is_alive: bool = True
    stands_still_until: float = 0.0
    queued: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """Messages that arrived while it stood still."""
    late: set[UUID] = field(default_factory=set[UUID])
    """Attempts that it posts only after it stood still: the scheduler may have given them up."""
    claim: int = 0
    passed_trial: int = 0
    """Number of the newest trial that passed under this claim."""
    description: SimulatedDescription = field(init=False)
    leadership: SimulatedLeadership = field(default_factory=SimulatedLeadership)
    entry: NodeEntry | None = None
    """The node's entry in the bucket, as this agent last saw it."""
    known: dict[UUID, AttemptPhase] = field(default_factory=dict[UUID, AttemptPhase])
    must_not_run: set[UUID] = field(default_factory=set[UUID])
    refused: set[UUID] = field(default_factory=set[UUID])
    ends: dict[UUID, AttemptEnd] = field(default_factory=dict[UUID, AttemptEnd])

    def crash(self) -> None:
        """Forget everything; a new process takes over later."""
        self.is_alive = False
        self.stands_still_until = 0.0
        self.queued.clear()
        self.leadership = SimulatedLeadership()
        self.agent_id = UUID(int=self.random.getrandbits(128))
        self.let_go()

    def let_go(self) -> None:
        """Leave the attempts in the engine to the next agent."""
        self.claim, self.known, self.must_not_run, self.ends = 0, {}, set(), {}
        self.passed_trial = 0

    def see(self, entry: NodeEntry) -> None:
        self.entry = entry
        if entry.claim > self.claim and entry.agent_id != self.agent_id:
            self.let_go()

    def receive(self, deliver: Callable[[], None]) -> None:
        """Take a message, or let it wait while the process stands still."""
        if self.steady() < self.stands_still_until:
            self.queued.append(deliver)
        elif self.is_alive:
            deliver()

    def act(self, chance: float) -> None:
        """Live on for a while: work, then say what happened, each with some chance."""
        if not self.is_alive or not self.entry or self.steady() < self.stands_still_until:
            return
        if self.stands_still_until:
            self.resume()
        if not self.claim:
            self.claim_node(self.entry)
            return
        self.work(self.entry.trial)
        if self.random.random() < chance:
            self.say_beat()
        for attempt_id, end in list(self.ends.items()):
            if self.random.random() < chance:
                self.say_finished(attempt_id, end)

    def work(self, trial: int) -> None:
        if trial not in (0, self.passed_trial) and self.engine.try_out():
            self.passed_trial = trial
        for attempt_id in list(self.known):
            self.follow(attempt_id)

    def claim_node(self, entry: NodeEntry) -> None:
        if entry.is_enabled and (entry.is_claimable or entry.agent_id == self.agent_id):
            claim = ClaimNode(agent_id=self.agent_id, node_id=self.node_id)
            self.ask(claim, lambda answer: self.receive(partial(self.take_claim, answer)))

    def resume(self) -> None:
        """Go on after standing still, as if no time had passed."""
        self.stands_still_until = 0.0
        self.late |= {id_ for id_, phase in self.known.items() if phase is AttemptPhase.PREPARING}
        queued, self.queued = self.queued, []
        for deliver in queued:
            deliver()

    def take_claim(self, answer: object) -> None:
        if not isinstance(answer, ClaimGranted) or answer.entry.agent_id != self.agent_id:
            return
        if not self.claim:
            self.claim, self.leadership.heard_at = answer.entry.claim, self.steady()
            self.engine = self.servers[answer.entry.base_url]
            self.description = SimulatedDescription(self.engine, self.ask, self.steady)
            if self.engine.lacks_file:  # the last agent ended before it described that
                self.description.correct()
            self.known = {attempt.id: AttemptPhase.ADOPTING for attempt in answer.live}

    def take_order(self, attempt_id: UUID, refuses: float) -> OperationError | None:
        """Accept an order, or refuse it: one prompt at a time."""
        if attempt_id in self.known:
            return None
        if attempt_id in self.must_not_run:
            self.end(attempt_id, Outcome.CANCELED)
            return None
        busy = any(phase not in EXECUTED_PHASES for phase in self.known.values())
        busy |= self.engine.is_paused
        if not self.leadership.is_present(self.steady()):
            self.refused.add(attempt_id)
            return UnavailableError("not now", code="no_leader")
        if busy or attempt_id in self.refused or self.random.random() < refuses:
            self.refused.add(attempt_id)
            return UnavailableError("not now", code=self.random.choice(REFUSALS))
        self.known[attempt_id] = AttemptPhase.PREPARING
        return None

    def take_recall(self, attempt_id: UUID, *, is_move: bool) -> None:
        """Stop an attempt; for a move only if it waits in the engine."""
        if is_move:
            if self.engine.is_pending(attempt_id) and self.known.get(attempt_id) is POSTED:
                del self.engine.prompts[attempt_id]
                self.end(attempt_id, Outcome.CANCELED, is_moved=True)
            return
        self.must_not_run.add(attempt_id)
        self.engine.prompts.pop(attempt_id, None)
        if attempt_id in self.known and attempt_id not in self.ends:
            self.end(attempt_id, Outcome.CANCELED)

    def follow(self, attempt_id: UUID) -> None:
        """Take an attempt one step further."""
        if attempt_id in self.ends:
            return
        match self.known[attempt_id]:
            case AttemptPhase.ADOPTING:
                if self.random.random() < 0.3:  # until then the engine does not answer
                    self.known[attempt_id] = POSTED
                    self.ask_engine(attempt_id)
            case AttemptPhase.PREPARING:
                self.prepare(attempt_id)
            case AttemptPhase.UPLOADING:
                if self.random.random() < 0.4:
                    is_bad = self.random.random() < 0.05
                    self.end_executed(attempt_id, Cause.OUTPUT if is_bad else None)
            case _:
                self.ask_engine(attempt_id)

    def prepare(self, attempt_id: UUID) -> None:
        draw = self.random.random()
        if draw < 0.03:
            causes = BEFORE_THE_POST[0 if self.description.is_settled else 1 :]
            self.end_executed(attempt_id, self.random.choice(causes))
        elif draw < 0.5:
            self.posts(self, attempt_id)
            self.known[attempt_id] = POSTED
            self.engine.post(attempt_id)

    def ask_engine(self, attempt_id: UUID) -> None:
        """Look for a posted attempt in the queue and the history."""
        left = self.engine.prompts.get(attempt_id)
        if left is None:
            self.end_executed(attempt_id, Cause.LOST)
        elif not left and self.random.random() < 0.1:
            self.end_executed(attempt_id, self.random.choice(FAILURES))
        elif not left:
            self.known[attempt_id] = AttemptPhase.UPLOADING

    def end_executed(self, attempt_id: UUID, cause: Cause | None) -> None:
        self.end(attempt_id, Outcome.FAILED if cause else Outcome.COMPLETED, cause)

    def end(
        self,
        attempt_id: UUID,
        outcome: Outcome,
        cause: Cause | None = None,
        *,
        is_moved: bool = False,
    ) -> None:
        self.known[attempt_id] = AttemptPhase.REPORTING
        seconds = self.engine.executed_seconds.get(attempt_id)
        end = AttemptEnd(outcome=outcome, cause=cause, executed_seconds=seconds, is_moved=is_moved)
        self.ends[attempt_id] = end
        if outcome is Outcome.FAILED:
            self.engine.failed.add(attempt_id)
        self.engine.lacks_file |= cause is Cause.MISSING

    def say_beat(self) -> None:
        self.description.send(self.node_id, self.claim)
        self.beat(
            NodeBeat(
                node_id=self.node_id,
                claim=self.claim,
                is_reachable=True,
                is_paused=self.engine.is_paused,
                attempts=[self.engine.beat_of(id_, phase) for id_, phase in self.known.items()],
                foreign_prompts=len(self.engine.foreign.intersection(self.engine.waiting())),
                passed_trial=self.passed_trial,
            )
        )

    def say_finished(self, attempt_id: UUID, end: AttemptEnd) -> None:
        report = FinishAttempt(
            node_id=self.node_id, claim=self.claim, attempt_id=attempt_id, end=end
        )
        forget = partial(self.forget, attempt_id, report.claim)
        self.ask(report, lambda _: self.receive(forget))

    def forget(self, attempt_id: UUID, claim: int) -> None:
        """The report was answered, be it with `stale_claim`; an older claim's is nobody's."""
        if claim != self.claim:
            return
        self.known.pop(attempt_id, None)
        end = self.ends.pop(attempt_id, None)
        if end and end.cause is Cause.MISSING:
            self.description.correct()
        self.must_not_run.add(attempt_id)
