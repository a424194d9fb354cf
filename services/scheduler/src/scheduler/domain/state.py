"""The core's state: unfinished jobs, live attempts and nodes. Read back at a term's start."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappush
from typing import NamedTuple, TypeAlias
from uuid import UUID

from contracts.access import Priority
from contracts.scheduler.job_requests import Requirements
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.leases import LeaseClock
from scheduler.domain.nodes import Node
from scheduler.domain.startable import Kind, StartableJobs
from scheduler.domain.unread import UnreadJobs

VERSIONS_KEPT = 10_000
RefusedValue: TypeAlias = tuple[str, str, str, str]
"""Digest of the server, graph-node class, input and value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that the operator sets."""

    max_waiting_jobs: int = 100_000
    """Queued jobs of all owners, delayed ones included; more are refused."""
    max_running_jobs: int = 100_000
    """Jobs of all owners with a live attempt; others wait."""
    max_waiting_jobs_per_owner: int = 100_000
    max_running_jobs_per_owner: int = 100_000
    """Bounds of the limits of accounts."""
    node_grace_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Tells whether waiting jobs get nodes."""

    version: int = 0
    paused_by: UUID | None = None
    paused_at: datetime | None = None
    reason: str | None = None

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None


class RunningLimit(NamedTuple):
    """An owner's limit on live attempts."""

    since: datetime
    """When the job was created with which the limit came."""
    most: int


@dataclass(slots=True)
class Eligibility:
    """Cache of requirements.py, forgotten when any node's capabilities change."""

    nodes: dict[Kind, frozenset[UUID]] = field(default_factory=dict[Kind, frozenset[UUID]])
    groups: list[list[Node]] | None = None
    """Nodes with equal descriptions."""

    def forget(self) -> None:
        self.nodes.clear()
        self.groups = None


@dataclass(slots=True)
class State:
    """Everything that rules decide by; only `core.step` changes it."""

    limits: Limits = Limits()
    secret: str = field(default="", repr=False)
    """Key of the digests of headers."""
    dispatch: Dispatch = Dispatch()
    jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    attempts: dict[UUID, Attempt] = field(default_factory=dict[UUID, Attempt])
    nodes: dict[UUID, Node] = field(default_factory=dict[UUID, Node])
    adrift: list[Job] = field(default_factory=list[Job])
    """Loaded jobs that ran on a node which is gone."""
    unread: UnreadJobs = field(default_factory=UnreadJobs)
    """Waiting jobs that are in no other field yet."""
    startable: StartableJobs = field(default_factory=StartableJobs)
    """Queued jobs without the delayed ones."""
    delayed: list[tuple[float, UUID]] = field(default_factory=list[tuple[float, UUID]])
    """A heap of queued jobs that wait for their next try, by steady seconds."""
    deadlines: list[tuple[datetime, UUID]] = field(default_factory=list[tuple[datetime, UUID]])
    """A heap; jobs that ended in time are still in it."""
    has_late_jobs: bool = False
    """More deadlines had passed than the last step could end; until they are ended nothing starts.
    """
    queued_by_owner: Counter[UUID] = field(default_factory=Counter[UUID])
    """Number of jobs that wait for a node, delayed ones included, without the unread ones."""
    placed_by_owner: Counter[UUID] = field(default_factory=Counter[UUID])
    """Number of live attempts of each owner."""
    unfinished_of_batch: Counter[UUID] = field(default_factory=Counter[UUID])
    """Number of jobs of each batch in `jobs`."""
    running_limits: dict[UUID, RunningLimit] = field(default_factory=dict[UUID, RunningLimit])
    """That of the newest job of each owner with unfinished jobs."""
    faults: dict[UUID, tuple[UUID, float]] = field(default_factory=dict[UUID, tuple[UUID, float]])
    """Node and time, in steady seconds, of the last broken accelerator that each owner met."""
    clock: LeaseClock = field(default_factory=LeaseClock)
    passed_over: Counter[Priority] = field(default_factory=Counter[Priority])
    """Starts of higher priorities since the last start of each priority that waits."""
    eligibility: Eligibility = field(default_factory=Eligibility)
    requirements: dict[str, Requirements] = field(default_factory=dict[str, Requirements])
    """Those of each workflow version's newest job, to be shared."""
    refused_values: dict[RefusedValue, tuple[float, str]] = field(
        default_factory=dict[RefusedValue, tuple[float, str]]
    )
    """Values that servers refused: until when that counts, by the lease clock, and their reason."""
    mean_seconds: dict[str, float] = field(default_factory=dict[str, float])
    """Mean execution time of each workflow version that ever completed."""

    @property
    def queue_size(self) -> int:
        return self.queued_by_owner.total() + len(self.unread)

    def waiting_of(self, owner_id: UUID) -> int:
        """Count the owner's jobs that wait for a node."""
        return self.queued_by_owner[owner_id] + self.unread.by_owner[owner_id]

    def add_job(self, job: Job) -> None:
        self.share_requirements(job)
        self.jobs[job.id] = job
        self.note_limit(job)
        if job.request.batch_id:
            self.unfinished_of_batch[job.request.batch_id] += 1
        if job.request.deadline:
            heappush(self.deadlines, (job.request.deadline, job.id))
        if job.needs_node:
            self.enqueue(job)

    def note_limit(self, job: Job) -> None:
        """Take the limit that comes with the job, unless a newer job has come: see holds.py.

        A new leader reads jobs in the order in which they start.
        """
        known, most = self.running_limits.get(job.owner_id), job.request.max_running_jobs
        if known is None or known.since <= job.created_at:
            bound = self.limits.max_running_jobs_per_owner
            most = bound if most is None else min(most, bound)
            self.running_limits[job.owner_id] = RunningLimit(job.created_at, most)

    def remove_job(self, job: Job) -> None:
        """Forget a job without attempt that does not wait any more."""
        del self.jobs[job.id]
        if batch_id := job.request.batch_id:
            self.unfinished_of_batch[batch_id] -= 1
            if not self.unfinished_of_batch[batch_id]:
                del self.unfinished_of_batch[batch_id]
        if not self.waiting_of(job.owner_id) and not self.placed_by_owner[job.owner_id]:
            self.running_limits.pop(job.owner_id, None)

    def share_requirements(self, job: Job) -> None:
        """Let jobs of one version share equal requirements, half of a waiting job's memory."""
        request = job.request
        known = self.requirements.get(request.version_hash)
        if known == request.requirements:
            job.request = request.model_copy(update={"requirements": known})
            return
        if len(self.requirements) >= VERSIONS_KEPT:
            self.requirements.clear()
        self.requirements[request.version_hash] = request.requirements

    def enqueue(self, job: Job, *, first: bool = False) -> None:
        """Let a queued job wait; `first` puts one that has already had its turn at the front."""
        self.queued_by_owner[job.owner_id] += 1
        if job.not_before is not None:
            heappush(self.delayed, (job.not_before, job.id))
        else:
            self.startable.add(job, first=first)

    def leave_queue(self, job: Job) -> None:
        self.startable.discard(job)
        self.queued_by_owner[job.owner_id] -= 1
        if not self.queued_by_owner[job.owner_id]:
            del self.queued_by_owner[job.owner_id]

    def restore_attempt(self, attempt: Attempt) -> None:
        """Add a live attempt that was read back; its job does not wait for a node."""
        if attempt.job.needs_node:
            self.leave_queue(attempt.job)
        self.add_attempt(attempt)

    def add_attempt(self, attempt: Attempt) -> None:
        attempt.job.attempt = self.attempts[attempt.id] = attempt
        self.nodes[attempt.node_id].attempts[attempt.id] = attempt
        self.placed_by_owner[attempt.job.owner_id] += 1

    def remove_attempt(self, attempt: Attempt) -> None:
        del self.attempts[attempt.id]
        self.placed_by_owner[attempt.job.owner_id] -= 1
        if not self.placed_by_owner[attempt.job.owner_id]:
            del self.placed_by_owner[attempt.job.owner_id]
