"""What the core wants done.

Rows, events and bucket entries are committed first, together; only then are requests answered
and agents told.
"""

from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from pydantic import BaseModel

from contracts.errors import OperationError
from contracts.event import Event
from contracts.scheduler.nodes import NodeSpec
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import Node

KeyName: TypeAlias = tuple[UUID, str, str]
"""Owner, operation and the key that the caller chose."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What was made under an idempotency key."""

    body_digest: str
    created_id: UUID


@dataclass(frozen=True, slots=True)
class ClaimGranted:
    """The answer to a claim; the shell writes the orders of what still runs there."""

    node: Node
    spec: NodeSpec
    live: tuple[Attempt, ...]


Answer: TypeAlias = BaseModel | ClaimGranted | OperationError


@dataclass(frozen=True, slots=True)
class Recall:
    """Tell the node to stop an attempt."""

    node_id: UUID
    claim: int
    attempt_id: UUID


@dataclass(slots=True)
class Effects:
    """All that one step wants done; each row at most once, as it is in the end."""

    new_jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    changed_jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    nodes: dict[UUID, Node] = field(default_factory=dict[UUID, Node])
    abilities: dict[UUID, Node] = field(default_factory=dict[UUID, Node])
    removed_nodes: set[UUID] = field(default_factory=set[UUID])
    keys: dict[KeyName, KeyUse] = field(default_factory=dict[KeyName, KeyUse])
    events: list[Event] = field(default_factory=list[Event])
    specs: dict[UUID, NodeSpec | None] = field(default_factory=dict[UUID, NodeSpec | None])
    """Entries of bucket `nodes` to put; None removes one."""
    answers: list[tuple[int, Answer]] = field(default_factory=list[tuple[int, Answer]])
    orders: list[Attempt] = field(default_factory=list[Attempt])
    recalls: list[Recall] = field(default_factory=list[Recall])
    settled: list[UUID] = field(default_factory=list[UUID])
    """Attempts that are over: stop telling nodes about them."""

    @property
    def are_durable(self) -> bool:
        """Say whether anything has to be committed."""
        return bool(
            self.new_jobs
            or self.changed_jobs
            or self.attempts
            or self.nodes
            or self.abilities
            or self.removed_nodes
            or self.keys
            or self.events
            or self.specs
        )

    def save_job(self, job: Job) -> None:
        if job.id not in self.new_jobs:
            self.changed_jobs[job.id] = job
