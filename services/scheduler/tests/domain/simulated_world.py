"""A fleet in one process: the real core, and everything around it as faulty as a seed says.

Messages are lost, late, doubled and reordered; agents and ComfyUIs die and return; commits fail
or their outcome is unknown; the leader is paused. Everything is drawn from the seed, so a seed
replays exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from contracts.access import Actor, Priority
from contracts.access import Limits as ActorLimits
from contracts.errors import OperationError, UnavailableError
from contracts.message import Command
from contracts.scheduler.claims import NodeBeat
from contracts.scheduler.job_requests import CancelJob, NewJob, SubmitJob, SubmitJobView
from contracts.scheduler.jobs import TERMINAL, JobStatus
from contracts.scheduler.nodes import AddNode, NewNode
from scheduler.domain.context import LoadedRows, Now, StepContext
from scheduler.domain.core import names_in, resume, step
from scheduler.domain.effects import Effects
from scheduler.domain.occurrences import (
    ClockTicked,
    Occurrence,
    OrderAnswered,
    RecallAnswered,
    Requested,
)
from scheduler.domain.state import Limits, State

from .simulated_agent import SimulatedAgent
from .simulated_ledger import SimulatedLedger

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
OWNERS = [UUID(int=number) for number in range(3)]
Delivery = tuple[float, Callable[[], None]]


@dataclass
class SimulatedWorld:
    random: Random
    steady: float = 0.0
    epoch: int = 1
    epoch_is_new: bool = False
    """The state was just loaded: nothing was placed since."""
    is_faulty: bool = True
    ledger: SimulatedLedger = field(default_factory=SimulatedLedger)
    state: State = field(default_factory=State)
    inbox: list[Occurrence] = field(default_factory=list[Occurrence])
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    asking: dict[int, Callable[[object], None]] = field(
        default_factory=dict[int, Callable[[object], None]]
    )
    orders: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    recalls: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    agents: dict[UUID, SimulatedAgent] = field(default_factory=dict[UUID, SimulatedAgent])
    wanted: dict[UUID, SubmitJob] = field(default_factory=dict[UUID, SubmitJob])
    """Submissions that were not answered yet."""
    accepted: set[UUID] = field(default_factory=set[UUID])
    asked: int = 0

    def new_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def now(self) -> Now:
        return Now(BEGIN + timedelta(seconds=self.steady), self.steady)

    def chance(self, probability: float) -> bool:
        return self.is_faulty and self.random.random() < probability

    def send(self, deliver: Callable[[], None]) -> None:
        """Deliver once, late; or never, or twice."""
        for _ in range(2 if self.chance(0.05) else 1):
            if not self.chance(0.1):
                late = self.random.uniform(0, 1.5 if self.is_faulty else 0.05)
                self.deliveries.append((self.steady + late, deliver))

    def ask(self, command: Command[Any], answered: Callable[[object], None]) -> None:
        self.asked += 1
        token = self.asked
        self.asking[token] = answered
        self.send(lambda: self.inbox.append(Requested(token, command)))

    def add_node(self) -> None:
        node_id = self.new_id()
        node = NewNode(name="n", base_url=f"http://127.0.0.1/{node_id}")
        command = AddNode(actor=Actor(user_id=OWNERS[0]), node_id=node_id, node=node)
        self.inbox.append(Requested(0, command))
        self.agents[node_id] = SimulatedAgent(
            node_id, self.random, self.ask, self.send_beat, self.new_id()
        )

    def send_beat(self, beat: NodeBeat) -> None:
        self.send(lambda: self.inbox.append(beat))

    def submit(self) -> None:
        limits = ActorLimits(max_waiting_jobs=20)
        deadline = self.now().wall + timedelta(seconds=self.random.uniform(1, 60))
        job = NewJob(
            job_id=self.new_id(),
            workflow="w@1",
            version_hash=self.random.choice("abc"),
            priority=self.random.choice(list(Priority)),
            deadline=deadline if self.random.random() < 0.1 else None,
        )
        actor = Actor(user_id=self.random.choice(OWNERS), limits=limits)
        self.wanted[job.job_id] = SubmitJob(actor=actor, job=job)

    def repeat_submissions(self) -> None:
        for job_id, request in self.wanted.items():
            if self.random.random() < 0.3:
                self.ask(request, lambda answer, job_id=job_id: self.note(job_id, answer))

    def note(self, job_id: UUID, answer: object) -> None:
        if isinstance(answer, SubmitJobView):
            assert job_id in self.ledger.jobs, "answered before it was durable"
            self.accepted.add(job_id)
        if isinstance(answer, (SubmitJobView, UnavailableError)):
            self.wanted.pop(job_id, None)

    def cancel_some(self) -> None:
        if self.accepted and self.random.random() < 0.05:
            job_id = self.random.choice(sorted(self.accepted))
            actor = Actor(user_id=self.ledger.jobs[job_id].owner_id)
            self.ask(CancelJob(actor=actor, job_id=job_id), lambda _: None)

    def tell_agents(self) -> None:
        """Repeat orders and recalls that were not answered."""
        for attempt_id, node_id in list(self.orders.items()):
            if self.random.random() < 0.5:
                self.send(lambda a=attempt_id, n=node_id: self.deliver_order(a, n))
        for attempt_id, node_id in list(self.recalls.items()):
            if self.random.random() < 0.5:
                self.send(lambda a=attempt_id, n=node_id: self.deliver_recall(a, n))

    def deliver_order(self, attempt_id: UUID, node_id: UUID) -> None:
        agent = self.agents[node_id]
        attempt = self.state.attempts.get(attempt_id)
        node = self.state.nodes.get(node_id)
        if not agent.is_alive or not attempt or not node or node.claim != agent.claim:
            return
        if attempt_id in agent.canceled:
            return
        refusal = None if agent.take_order(attempt_id) else UnavailableError("no room")
        self.send(lambda: self.answer_order(attempt_id, refusal))

    def answer_order(self, attempt_id: UUID, refusal: OperationError | None) -> None:
        if self.orders.pop(attempt_id, None):
            self.inbox.append(OrderAnswered(attempt_id, refusal))

    def deliver_recall(self, attempt_id: UUID, node_id: UUID) -> None:
        if self.agents[node_id].is_alive:
            self.agents[node_id].take_recall(attempt_id)
            self.send(lambda: self.answer_recall(attempt_id))

    def answer_recall(self, attempt_id: UUID) -> None:
        if self.recalls.pop(attempt_id, None):
            self.inbox.append(RecallAnswered(attempt_id))

    def lead(self) -> None:
        """One batch: decide, persist, act; the commit may fail, or only seem to."""
        self.epoch_is_new = False
        batch, self.inbox = self.inbox, []
        batch.append(ClockTicked())
        loaded = self.ledger.look_up(*names_in(self.state, batch), self.state)
        effects = step(self.state, batch, loaded, self.now(), self.new_id)
        is_lost, is_unknown = self.chance(0.01), self.chance(0.01)
        if not is_lost:
            self.ledger.commit(effects)
        if is_lost or is_unknown:
            self.take_over()
        else:
            self.act(effects)

    def take_over(self) -> None:
        self.epoch_is_new = True
        self.epoch += 1
        self.state = self.ledger.load(Limits())
        self.inbox.clear()
        self.orders.clear()
        self.recalls.clear()
        effects = Effects()
        resume(self.state, effects)
        self.act(effects)

    def act(self, effects: Effects) -> None:
        for attempt_id in effects.stop_repeating:
            self.orders.pop(attempt_id, None)
            self.recalls.pop(attempt_id, None)
        for attempt in effects.orders:
            if attempt.ended_at is None and attempt.job.status is JobStatus.RUNNING:
                self.orders[attempt.id] = attempt.node_id
        for recall in effects.recalls:
            self.recalls[recall.attempt_id] = recall.node_id
        for node in self.state.nodes.values():
            self.agents[node.id].trial = node.health.trial
        for token, answer in effects.answers:
            if answered := self.asking.pop(token, None):
                self.send(lambda answered=answered, answer=answer: answered(answer))

    def read_context(self) -> StepContext:
        return StepContext(self.state, LoadedRows(), self.now(), self.new_id)

    def unfinished(self) -> list[UUID]:
        return [job.id for job in self.ledger.jobs.values() if job.status not in TERMINAL]
