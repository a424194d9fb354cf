"""The effects of a scheduling step.

Rows, events and bucket entries are committed first, in one transaction. Only then are commands
answered, and orders and recalls sent to agents.
"""

from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from pydantic import BaseModel

from contracts.errors import OperationError
from contracts.event import Event
from contracts.scheduler.nodes import ClaimedNode, NodeEntry
from scheduler.domain.jobs import Attempt, Batch, Job
from scheduler.domain.nodes import Node
from scheduler.domain.state import Dispatch
from scheduler.domain.usage import Usage, UsageKey, UsagePart

KeyName: TypeAlias = tuple[UUID, str, str]
"""Owner, operation and the key that the caller chose."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The use of an idempotency key: the body it came with, and the thing it created."""

    body_digest: str
    created_id: UUID


@dataclass(frozen=True, slots=True)
class ClaimGranted:
    """The answer to a claim; the shell writes the orders of the live attempts."""

    entry: ClaimedNode
    live: tuple[Attempt, ...]


Answer: TypeAlias = BaseModel | ClaimGranted | OperationError


@dataclass(frozen=True, slots=True)
class Recall:
    """A request to a node to stop an attempt."""

    node_id: UUID
    claim: int
    """Number of the newest claim; a message with an older number is ignored."""
    attempt_id: UUID
    is_move: bool = False
    """It holds only while the attempt waits in the engine."""


@dataclass(slots=True)
class Effects:
    """Everything that one scheduling step changes and sends; each row once, in its final form."""

    new_jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    changed_jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    changed_requests: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    """Jobs whose priority or labels changed: they are written as well."""
    deleted_jobs: set[UUID] = field(default_factory=set[UUID])
    """Deleted with their attempts, after everything else was written."""
    batches: dict[UUID, Batch] = field(default_factory=dict[UUID, Batch])
    """New batches; their jobs are new too."""
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    nodes: dict[UUID, Node] = field(default_factory=dict[UUID, Node])
    capabilities: dict[UUID, Node] = field(default_factory=dict[UUID, Node])
    removed_nodes: set[UUID] = field(default_factory=set[UUID])
    keys: dict[KeyName, KeyUse] = field(default_factory=dict[KeyName, KeyUse])
    usage: dict[UsageKey, Usage] = field(default_factory=dict[UsageKey, Usage])
    """Parts to add to the stored sums. Each comes with the end of a job or an attempt."""
    dispatch: Dispatch | None = None
    """The pause that an operator began or ended, with its event."""
    events: list[Event] = field(default_factory=list[Event])
    node_entries: dict[UUID, NodeEntry | None] = field(default_factory=dict[UUID, NodeEntry | None])
    """Entries of bucket `nodes` to put; None removes one."""
    answers: list[tuple[int, Answer]] = field(default_factory=list[tuple[int, Answer]])
    orders: list[Attempt] = field(default_factory=list[Attempt])
    recalls: list[Recall] = field(default_factory=list[Recall])
    stop_repeating: list[UUID] = field(default_factory=list[UUID])
    """Attempts whose order or recall is not repeated any more."""

    @property
    def needs_commit(self) -> bool:
        return bool(
            self.new_jobs
            or self.changed_jobs
            or self.deleted_jobs
            or self.attempts
            or self.nodes
            or self.capabilities
            or self.removed_nodes
            or self.keys
            or self.events
            or self.node_entries
        )

    def recall(self, node: Node, attempt_id: UUID, *, is_move: bool = False) -> None:
        self.recalls.append(Recall(node.id, node.claim, attempt_id, is_move))

    def add_usage(self, part: UsagePart | None) -> None:
        if part:
            key, usage = part
            self.usage[key] = self.usage.get(key, Usage()) + usage

    def save_job(self, job: Job) -> None:
        if job.id not in self.new_jobs:
            self.changed_jobs[job.id] = job

    def save_request(self, job: Job) -> None:
        if job.id not in self.new_jobs:
            self.changed_requests[job.id] = job
