"""The core's state: unfinished jobs, live attempts and nodes. Read back at a term's start."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.leases import LeaseClock
from scheduler.domain.nodes import Node
from scheduler.domain.waiting import Kind, Waiting


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that the operator sets."""

    max_waiting: int = 100_000
    node_grace_seconds: float = 30.0


@dataclass(slots=True)
class State:
    """Everything that rules decide by; only `step` changes it."""

    limits: Limits = Limits()
    jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    nodes: dict[UUID, Node] = field(default_factory=dict[UUID, Node])
    waiting: Waiting = field(default_factory=Waiting)
    delayed: list[tuple[datetime, UUID]] = field(default_factory=list[tuple[datetime, UUID]])
    """A heap of queued jobs that wait for their next try."""
    deadlines: list[tuple[datetime, UUID]] = field(default_factory=list[tuple[datetime, UUID]])
    """A heap; jobs that ended in time are still in it."""
    queued: Counter[UUID] = field(default_factory=Counter[UUID])
    """Queued jobs by owner, delayed ones too."""
    clock: LeaseClock = field(default_factory=LeaseClock)
    eligible: dict[Kind, frozenset[UUID]] = field(default_factory=dict[Kind, frozenset[UUID]])
    """Cache of requirements.py; cleared when any node's capabilities change."""
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    """Mean execution time of each workflow version that ever completed."""

    @property
    def queue_size(self) -> int:
        return self.queued.total()
