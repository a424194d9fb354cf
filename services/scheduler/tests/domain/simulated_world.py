"""A fleet in one process: the real core, and everything around it as faulty as a seed says.

Messages are lost, late, doubled and reordered; agents refuse orders or never answer them; two
agents compete for each node; a stale leader stands beside a new one. `simulated_faults.py` lists
all that fails beside the messages. Everything is drawn from the seed, so a seed replays exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from contracts.access import Actor
from contracts.message import Command
from contracts.scheduler.claims import AnnounceNode, NodeBeat
from contracts.scheduler.jobs import TERMINAL
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import NewNode, NodeSettings
from scheduler.domain.effects import Effects
from scheduler.domain.leases import NOT_STARTED_SECONDS
from scheduler.domain.occurrences import Occurrence, Requested
from scheduler.domain.state import Limits, State

from .simulated_agent import SimulatedAgent
from .simulated_engine import PLAIN, RICH, SimulatedEngine
from .simulated_leader import SimulatedLeader
from .simulated_ledger import SimulatedLedger

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
AGENTS_A_NODE = 2
LATEST_SECONDS = 1.5
"""Longest way of a message."""
GRACE_SECONDS = Limits().node_grace_seconds
Delivery = tuple[float, Callable[[], None]]


@dataclass
class SimulatedWorld:
    random: Random
    steady: float = 0.0
    steps: int = 0
    wall_jump: float = 0.0
    """Seconds by which the machine's clock is wrong."""
    is_faulty: bool = True
    ledger: SimulatedLedger = field(default_factory=SimulatedLedger)
    leaders: list[SimulatedLeader] = field(default_factory=list[SimulatedLeader])
    """The newest last; those before it do not know yet that they lead no more."""
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    asking: dict[int, Callable[[object], None]] = field(
        default_factory=dict[int, Callable[[object], None]]
    )
    engines: dict[UUID, SimulatedEngine] = field(default_factory=dict[UUID, SimulatedEngine])
    """The engine at the address of each node."""
    servers: dict[str, SimulatedEngine] = field(default_factory=dict[str, SimulatedEngine])
    """Every engine that a node ever had, by address."""
    announcements: dict[UUID, AnnounceNode] = field(default_factory=dict[UUID, AnnounceNode])
    """Commands of agents that run their server themselves."""
    agents: list[SimulatedAgent] = field(default_factory=list[SimulatedAgent])
    heard_at: dict[UUID, float] = field(default_factory=dict[UUID, float])
    """When the last beat of each node arrived."""
    claimed_at: dict[UUID, float] = field(default_factory=dict[UUID, float])
    deaf_until: dict[UUID, float] = field(default_factory=dict[UUID, float])
    """Nodes whose agents beat and get no order until then."""
    silent_until: float = 0.0
    """Until then no message arrives at all."""
    late_posts: set[UUID] = field(default_factory=set[UUID])
    """Attempts whose repetition is right: an agent posted them after it lost its node, or at the
    last moment, or their node fell silent before the scheduler heard that it has them."""
    ended_at: dict[UUID, float] = field(default_factory=dict[UUID, float])
    """When each attempt ended."""
    asked: int = 0
    changes: int = 0
    """Commands of the operator that were answered."""

    def __post_init__(self) -> None:
        self.take_over()

    @property
    def leader(self) -> SimulatedLeader:
        return self.leaders[-1]

    @property
    def state(self) -> State:
        return self.leader.state

    @property
    def wall(self) -> datetime:
        """Return the machine's time, which may be wrong."""
        return BEGIN + timedelta(seconds=self.steady + self.wall_jump)

    def new_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def chance(self, probability: float) -> bool:
        return self.is_faulty and self.random.random() < probability

    def send(self, deliver: Callable[[], None]) -> None:
        """Deliver once, late; or never, or twice."""
        if self.steady < self.silent_until:
            return
        for _ in range(2 if self.chance(0.05) else 1):
            if not self.chance(0.1):
                late = self.random.random() * (LATEST_SECONDS if self.is_faulty else 0.05)
                self.deliveries.append((self.steady + late, deliver))

    def deliver_due(self) -> None:
        due = [deliver for at, deliver in self.deliveries if at <= self.steady]
        self.deliveries = [item for item in self.deliveries if item[0] > self.steady]
        self.random.shuffle(due)
        for deliver in due:
            deliver()

    def ask(self, command: Command[Any], answered: Callable[[object], None]) -> None:
        self.asked += 1
        token = self.asked
        self.asking[token] = answered
        self.send(lambda: self.receive(Requested(token, command)))

    def receive(self, occurrence: Occurrence) -> None:
        """Let every process that believes to lead have it."""
        for leader in self.leaders:
            leader.inbox.append(occurrence)

    def answer(self, token: int, answer: object) -> None:
        if answered := self.asking.pop(token, None):
            self.send(lambda: answered(answer))

    def add_node(self, *, is_managed: bool = False) -> None:
        node_id = self.new_id()
        node = NewNode(name="n", base_url=f"http://127.0.0.1/{node_id}")
        if is_managed:
            settings = NodeSettings(name="n", base_url=node.base_url, machine="box")
            self.announcements[node_id] = AnnounceNode(node_id=node_id, node=settings)
            self.receive(Requested(0, self.announcements[node_id]))
        else:
            command = AddNode(actor=Actor(user_id=node_id), node_id=node_id, node=node)
            self.receive(Requested(0, command))
        capabilities = RICH if is_managed else PLAIN
        engine = self.engines[node_id] = SimulatedEngine(self.random, capabilities)
        self.servers[node.base_url] = engine
        self.agents += (
            SimulatedAgent(
                node_id,
                self.random,
                engine,
                self.servers,
                self.ask,
                self.send_beat,
                self.post,
                self.new_id(),
                lambda: self.steady,
            )
            for _ in range(AGENTS_A_NODE)
        )

    def send_beat(self, beat: NodeBeat) -> None:
        self.send(lambda: self.take_beat(beat))

    def take_beat(self, beat: NodeBeat) -> None:
        self.heard_at[beat.node_id] = self.steady
        self.receive(beat)

    def post(self, agent: SimulatedAgent, attempt_id: UUID) -> None:
        """Hold a post against the job's other attempts: no engine may still be busy with one."""
        rows = self.ledger.attempts
        if self.ledger.nodes[agent.node_id].claim != agent.claim or attempt_id in agent.late:
            self.late_posts.add(attempt_id)
            return
        job_id = rows[attempt_id].job.id
        for other_id in self.ledger.attempts_of[job_id]:
            other = rows[other_id]
            if other_id == attempt_id or other_id in self.late_posts:
                continue
            is_heard = self.steady - self.heard_at[other.node_id] < GRACE_SECONDS - 1
            is_useful = self.engines[other.node_id].is_useful(other_id)
            assert not (is_useful and is_heard), "work that an engine has is repeated"

    def lead(self) -> None:
        """Let every leader decide, persist and act; the commit of a stale one fails."""
        for leader in self.leaders[:-1]:
            if self.random.random() < 0.04:  # until then its commit hangs
                effects = leader.decide(self.wall, self.steady)
                assert not self.ledger.commit(effects, leader.epoch), "two processes lead"
                self.leaders.remove(leader)
        leader = self.leader
        effects = leader.decide(self.wall, self.steady)
        is_lost, is_unknown = self.chance(0.001), self.chance(0.001)
        if not is_lost:
            self.check_placed(effects)
            assert self.ledger.commit(effects, leader.epoch), "the leader cannot commit"
            self.note_unheard(effects)
            for node in self.ledger.nodes.values():
                self.engines[node.id] = self.servers[node.settings.base_url]
        if is_lost or is_unknown:
            self.leaders.remove(leader)
            self.take_over()
        else:
            leader.act(effects)

    def check_placed(self, effects: Effects) -> None:
        """No job is the first to test a server."""
        for attempt in effects.attempts.values():
            if attempt.id not in self.ledger.attempts:
                node = self.state.nodes[attempt.node_id]
                assert self.servers[node.settings.base_url].has_passed, "a server is untried"

    def note_unheard(self, effects: Effects) -> None:
        """Note attempts that are given up because nothing was heard of them or of their node."""
        for attempt in effects.attempts.values():
            if not attempt.ended_at:
                continue
            self.ended_at.setdefault(attempt.id, self.steady)
            node = self.state.nodes.get(attempt.node_id)
            if node and attempt.confirmed_at is None:
                heard_seconds = node.contact.heard_at - attempt.asked_at
                if heard_seconds <= NOT_STARTED_SECONDS:
                    self.late_posts.add(attempt.id)

    def take_over(self) -> None:
        """Let a new process lead, beside the old one if that is still there."""
        leader = SimulatedLeader(self.ledger.acquire(), self.ledger, self.new_id, self.answer)
        leader.begin()
        self.leaders.append(leader)

    def unfinished(self) -> list[UUID]:
        return [job.id for job in self.ledger.jobs.values() if job.status not in TERMINAL]
