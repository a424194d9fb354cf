"""A fleet in one process: the real core, and everything around it as faulty as a seed says.

Messages are lost, late, doubled and reordered; agents refuse orders or never answer them; two
agents compete for each node; agents and ComfyUIs die and return; people use the ComfyUIs beside
the fleet; commits fail or their outcome is unknown; the leader is paused. Everything is drawn from
the seed, so a seed replays exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from contracts.access import Actor
from contracts.errors import ConflictError, OperationError
from contracts.message import Command
from contracts.scheduler.claims import NodeBeat
from contracts.scheduler.jobs import TERMINAL, JobStatus
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import NewNode
from scheduler.domain.context import LoadedRows, Now, StepContext
from scheduler.domain.core import names_in, resume, step
from scheduler.domain.effects import Effects, Recall
from scheduler.domain.leases import NOT_STARTED_SECONDS
from scheduler.domain.node_entries import node_entry
from scheduler.domain.occurrences import (
    ClockTicked,
    Occurrence,
    OrderAnswered,
    RecallAnswered,
    Requested,
)
from scheduler.domain.state import Limits, State
from scheduler.domain.wall_clock import WallClock

from .simulated_agent import SimulatedAgent
from .simulated_engine import SimulatedEngine
from .simulated_ledger import SimulatedLedger

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
AGENTS_A_NODE = 2
LATEST_SECONDS = 1.5
"""Longest way of a message."""
GRACE_SECONDS = Limits().node_grace_seconds
Delivery = tuple[float, Callable[[], None]]
Asked = dict[UUID, tuple[UUID, int]]
"""Node and claim by attempt."""


@dataclass
class SimulatedWorld:
    random: Random
    steady: float = 0.0
    wall_jump: float = 0.0
    """Seconds by which the machine's clock is wrong."""
    wall_clock: WallClock = field(default_factory=WallClock)
    epoch: int = 1
    epoch_is_new: bool = False
    """The state was just loaded: nothing was placed since."""
    is_faulty: bool = True
    foreign_rate: float = 0.002
    """Chance that a person uses a ComfyUI, at each step."""
    ledger: SimulatedLedger = field(default_factory=SimulatedLedger)
    state: State = field(default_factory=State)
    inbox: list[Occurrence] = field(default_factory=list[Occurrence])
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    asking: dict[int, Callable[[object], None]] = field(
        default_factory=dict[int, Callable[[object], None]]
    )
    orders: Asked = field(default_factory=Asked)
    recalls: dict[UUID, Recall] = field(default_factory=dict[UUID, Recall])
    engines: dict[UUID, SimulatedEngine] = field(default_factory=dict[UUID, SimulatedEngine])
    agents: list[SimulatedAgent] = field(default_factory=list[SimulatedAgent])
    heard_at: dict[UUID, float] = field(default_factory=dict[UUID, float])
    """When the last beat of each node arrived."""
    claimed_at: dict[UUID, float] = field(default_factory=dict[UUID, float])
    deaf_until: dict[UUID, float] = field(default_factory=dict[UUID, float])
    """Nodes whose agents beat and get no order until then."""
    late_posts: set[UUID] = field(default_factory=set[UUID])
    """Attempts that an agent posted too late: after it lost its node, or at the last moment."""
    asked: int = 0

    def new_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def now(self) -> Now:
        wall = BEGIN + timedelta(seconds=self.steady + self.wall_jump)
        return Now(self.wall_clock.read(wall, self.steady), self.steady)

    def chance(self, probability: float) -> bool:
        return self.is_faulty and self.random.random() < probability

    def send(self, deliver: Callable[[], None]) -> None:
        """Deliver once, late; or never, or twice."""
        for _ in range(2 if self.chance(0.05) else 1):
            if not self.chance(0.1):
                late = self.random.uniform(0, LATEST_SECONDS if self.is_faulty else 0.05)
                self.deliveries.append((self.steady + late, deliver))

    def ask(self, command: Command[Any], answered: Callable[[object], None]) -> None:
        self.asked += 1
        token = self.asked
        self.asking[token] = answered
        self.send(lambda: self.inbox.append(Requested(token, command)))

    def add_node(self) -> None:
        node_id = self.new_id()
        node = NewNode(name="n", base_url=f"http://127.0.0.1/{node_id}")
        command = AddNode(actor=Actor(user_id=node_id), node_id=node_id, node=node)
        self.inbox.append(Requested(0, command))
        engine = self.engines[node_id] = SimulatedEngine(self.random)
        self.agents += (
            SimulatedAgent(
                node_id, self.random, engine, self.ask, self.send_beat, self.post, self.new_id()
            )
            for _ in range(AGENTS_A_NODE)
        )

    def send_beat(self, beat: NodeBeat) -> None:
        self.send(lambda: self.take_beat(beat))

    def take_beat(self, beat: NodeBeat) -> None:
        self.heard_at[beat.node_id] = self.steady
        self.inbox.append(beat)

    def post(self, agent: SimulatedAgent, attempt_id: UUID) -> None:
        """Hold a post against the job's other attempts: no engine may still be busy with one."""
        rows = self.ledger.attempts
        if self.ledger.nodes[agent.node_id].claim != agent.claim:
            self.late_posts.add(attempt_id)
            return
        for other in rows.values():
            if other.job.id != rows[attempt_id].job.id or other.id in {
                attempt_id,
                *self.late_posts,
            }:
                continue
            is_heard = self.steady - self.heard_at[other.node_id] < GRACE_SECONDS - 1
            is_useful = self.engines[other.node_id].is_useful(other.id)
            assert not (is_useful and is_heard), "work that an engine has is repeated"

    def tell_agents(self) -> None:
        """Show agents the bucket, and repeat orders and recalls that were not answered."""
        for agent in self.agents:
            if (node := self.ledger.nodes.get(agent.node_id)) and self.random.random() < 0.5:
                agent.see(node_entry(node, self.state.secret))
        for attempt_id, (node_id, claim) in list(self.orders.items()):
            self.tell_holders(node_id, partial(self.deliver_order, attempt_id, claim))
        for recall in list(self.recalls.values()):
            self.tell_holders(recall.node_id, partial(self.deliver_recall, recall))

    def tell_holders(self, node_id: UUID, deliver: Callable[[SimulatedAgent], None]) -> None:
        for agent in self.holders(node_id):
            if self.random.random() < 0.5:
                self.send(partial(deliver, agent))

    def holders(self, node_id: UUID) -> list[SimulatedAgent]:
        """Return the agents that take messages for the node; one may have lost it unknowingly."""
        return [agent for agent in self.agents if agent.node_id == node_id and agent.claim]

    def deliver_order(self, attempt_id: UUID, claim: int, agent: SimulatedAgent) -> None:
        is_deaf = self.deaf_until.get(agent.node_id, 0) > self.steady and self.is_faulty
        is_given_up = agent.node_id in self.deaf_until and attempt_id not in self.orders
        if not agent.claim or is_deaf or is_given_up:
            return
        refusal: OperationError | None = ConflictError("another claim", code="stale_claim")
        if agent.claim == claim:
            refusal = agent.take_order(attempt_id, 0.15 if self.is_faulty else 0.0)
            self.note_late_order(attempt_id)
        self.send(lambda: self.answer_order(attempt_id, claim, refusal))

    def note_late_order(self, attempt_id: UUID) -> None:
        """Expect a repetition if the answer is still under way when the scheduler gives up."""
        attempt = self.state.attempts.get(attempt_id)
        waited = self.state.clock.now - attempt.asked_at if attempt else 0.0
        if waited > NOT_STARTED_SECONDS - LATEST_SECONDS:
            self.late_posts.add(attempt_id)

    def answer_order(self, attempt_id: UUID, claim: int, refusal: OperationError | None) -> None:
        if self.orders.get(attempt_id, (None, None))[1] == claim:
            del self.orders[attempt_id]
            self.inbox.append(OrderAnswered(attempt_id, claim, refusal))

    def deliver_recall(self, recall: Recall, agent: SimulatedAgent) -> None:
        if agent.claim == recall.claim:
            agent.take_recall(recall.attempt_id, is_move=recall.is_move)
            self.send(lambda: self.answer_recall(recall.attempt_id))

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
        is_lost, is_unknown = self.chance(0.001), self.chance(0.001)
        if not is_lost:
            self.ledger.commit(effects)
        if is_lost or is_unknown:
            self.take_over()
        else:
            self.act(effects)

    def take_over(self) -> None:
        self.epoch_is_new = True
        self.epoch += 1
        self.state, self.wall_clock = self.ledger.load(Limits()), WallClock()
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
            if attempt.ended_at is None and attempt.job.status is not JobStatus.CANCELING:
                claim = self.state.nodes[attempt.node_id].claim
                self.orders[attempt.id] = attempt.node_id, claim
        for recall in effects.recalls:
            live = self.state.attempts.get(recall.attempt_id)
            is_wanted = live is not None and live.job.status is not JobStatus.CANCELING
            assert recall.is_move or not is_wanted, "work is recalled though its job goes on"
            self.recalls[recall.attempt_id] = recall
        for token, answer in effects.answers:
            if answered := self.asking.pop(token, None):
                self.send(lambda answered=answered, answer=answer: answered(answer))

    def read_context(self) -> StepContext:
        return StepContext(self.state, LoadedRows(), self.now(), self.new_id)

    def unfinished(self) -> list[UUID]:
        return [job.id for job in self.ledger.jobs.values() if job.status not in TERMINAL]
