"""A job, the attempts to run it, and the batch that it may be part of, as the core holds them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.access import Priority
from contracts.agent import Cause
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.job_requests import NewJob
from contracts.scheduler.jobs import JobError, JobStatus, Output, Progress
from contracts.scheduler.timings import Timings

POSTED_PHASES = (AttemptPhase.POSTED, AttemptPhase.UPLOADING, AttemptPhase.REPORTING)
EXECUTED_PHASES = (AttemptPhase.UPLOADING, AttemptPhase.REPORTING)
OVERTIME_SECONDS = 3_600.0
"""Time for staging, uploads and reports. The agent enforces an attempt's timeout once while other
work is before it and once while it runs; the scheduler ends it only this much later."""


@dataclass(slots=True)
class Retry:
    """The failures of a job so far. Stored as JSON in the job's row."""

    strikes: dict[Cause, int] = field(default_factory=dict[Cause, int])
    """Failures by cause: the counts of the retry table."""
    avoid: frozenset[UUID] = frozenset()
    """Nodes where an attempt failed: the last choice of the next one."""
    faulted_on: UUID | None = None
    """The first node whose accelerator broke while it ran the job."""
    outgrown_mb: int = 0
    """GPU memory of the largest node that was too small; larger nodes are preferred."""
    refused_by: frozenset[tuple[UUID, str]] = frozenset()
    """Nodes whose engine lacks a model file or a class, each with the digest that it had then."""
    refused: int = 0
    """Attempts that no agent took. They are no tries: `max_attempts` does not count them."""


@dataclass(slots=True)
class JobEnd:
    """The outputs or the error that a job ended with. Stored as JSON in the job's row."""

    outputs: list[Output] = field(default_factory=list[Output])
    error: JobError | None = None


@dataclass(slots=True, eq=False)
class Job:
    """A job as it was submitted, and its life so far. Only the core changes it."""

    request: NewJob
    owner_id: UUID
    created_at: datetime
    trace: dict[str, str] = field(default_factory=dict[str, str])
    status: JobStatus = JobStatus.QUEUED
    version: int = 1
    attempt_count: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retry: Retry = field(default_factory=Retry)
    end: JobEnd = field(default_factory=JobEnd)
    attempt: "Attempt | None" = None
    """The live attempt. A queued job with one waits on its node behind other work."""
    not_before: float | None = None
    """The next attempt starts no earlier, in steady seconds."""
    delayed_for: str | None = None
    """Cause for which `not_before` was set last."""
    patient_until: float = 0.0
    """Until then the job waits for a better node than one where it failed, in steady seconds."""

    @property
    def id(self) -> UUID:
        return self.request.job_id

    @property
    def needs_node(self) -> bool:
        """Return whether the job waits for a node."""
        return self.status is JobStatus.QUEUED and self.attempt is None


@dataclass(slots=True, eq=False)
class Attempt:
    """One try of a job on one node. Phase, progress and omissions come from beats only.

    An attempt may have started from the moment an agent accepts or lists it: the agent posts it at
    once and may die before its next beat. Only a refusal, or a report, says that it did not.
    """

    id: UUID
    job: Job
    node_id: UUID
    number: int
    created_at: datetime
    asked_at: float = 0.0
    """Time of the lease clock at which the node's agent was first asked to run or to stop it."""
    phase: AttemptPhase | None = None
    progress: Progress | None = None
    confirmed_at: float | None = None
    """Time of the lease clock at which an answer or a beat first confirmed the attempt."""
    omitted: int = 0
    """Beats in a row that left the attempt out."""
    is_pending: bool = False
    """It waits in the engine behind other work, as the newest beat says."""
    is_moving: bool = False
    """It was recalled while it was pending: its job goes to an idle node. Never stored."""
    is_inherited: bool = False
    """Placed by an earlier leader, or on a node that another agent had."""
    ended_at: datetime | None = None
    outcome: str | None = None
    cause: Cause | None = None
    executed_seconds: float | None = None
    """Time of the execution, as beats and the report tell."""
    timings: Timings | None = None
    """Times of its graph nodes, as its report tells. Only stored."""
    is_reported: bool = False
    """Its agent reported its end. Never stored."""

    @property
    def may_have_started(self) -> bool:
        """Return whether the engine may have the attempt: then waiting costs less than a repeat."""
        return self.is_inherited or self.confirmed_at is not None

    @property
    def longest_seconds(self) -> float:
        """Return the age at which the attempt is ended, whatever its agent says."""
        return 2 * self.job.request.timeout_seconds + OVERTIME_SECONDS

    @property
    def holds_slot(self) -> bool:
        return self.phase not in EXECUTED_PHASES


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it was submitted; all that changes about it is in its jobs."""

    id: UUID
    owner_id: UUID
    created_at: datetime
    job_count: int
    workflow: str
    priority: Priority
    labels: dict[str, str]
    deadline: datetime | None
