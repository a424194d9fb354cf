"""Jobs as their owners see them: the view, and the facts of a job's life.

queued → running → completed | failed | canceled | expired
   ↑________|  (requeued)  canceling → canceled
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Priority
from contracts.event import Event
from contracts.values import Unmet


class JobStatus(StrEnum):
    """Place in a job's life; the last four are terminal."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELING = "canceling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED, JobStatus.EXPIRED})


class Progress(BaseModel):
    """Progress of the running attempt, for people who wait; no decision depends on it."""

    fraction: float = Field(default=0.0, ge=0, le=1, description="Done part of the whole graph.")
    step: int | None = Field(default=None, description="Sampler step of the current graph node.")
    steps: int | None = Field(default=None, description="Sampler steps of the current graph node.")
    graph_node: str | None = Field(default=None, description="Id of the graph node that runs.")
    graph_node_class: str | None = Field(default=None, description="Its class.")
    graph_nodes_done: int = Field(default=0, description="Graph nodes finished or cached.")
    graph_nodes_total: int = Field(default=0, description="Graph nodes in the rendered graph.")
    message: str | None = Field(default=None, description="The present activity, in words.")


class JobError(BaseModel):
    """Why a job failed."""

    code: str = Field(description="Stable name of the failure, for programs.")
    message: str = Field(description="Description of the failure, for people.")
    graph_node: str | None = Field(default=None, description="The graph node that raised.")
    graph_node_class: str | None = Field(default=None, description="Its class.")
    cause: str | None = Field(default=None, description="Row of the retry table it fell under.")


class Output(BaseModel):
    """One file that a job made."""

    name: str = Field(description="Name of the output in the workflow's spec.")
    index: int = Field(ge=0, description="Place among the files of that output.")
    media_id: UUID = Field(description="The media that it became.")
    kind: str = Field(description="`image`, `video`, `audio`, `3d`, `text` or `file`.")
    content_type: str = Field(description="By content.")
    width: int | None = Field(default=None, description="Pixels; images and videos only.")
    height: int | None = Field(default=None, description="Pixels; images and videos only.")
    size_bytes: int = Field(description="Size of the file.")


class JobView(BaseModel):
    """A job as it is now."""

    id: UUID = Field(description="The job.")
    status: JobStatus = Field(description="Place in the job's life.")
    workflow: str = Field(description="`name@version`, as resolved at submission.")
    owner_id: UUID = Field(description="The user who owns the job.")
    priority: Priority = Field(description="Class of service.")
    labels: dict[str, str] = Field(default_factory=dict, description="As given at submission.")
    batch_id: UUID | None = Field(default=None, description="The batch that it is part of.")
    created_at: datetime = Field(description="When it was accepted.")
    started_at: datetime | None = Field(default=None, description="When a node was first given it.")
    finished_at: datetime | None = Field(default=None, description="When it ended.")
    queue_position: int | None = Field(default=None, description="1 is next; only while queued.")
    eta_seconds: float | None = Field(
        default=None, description="Estimated time until the job ends; null if unknown."
    )
    progress: Progress = Field(default=Progress(), description="Progress of the running attempt.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Defaults and seeds included.")
    seed: int | None = Field(default=None, description="The seed that was used.")
    outputs: list[Output] = Field(default_factory=list[Output])
    error: JobError | None = Field(default=None, description="Reason of the failure, if it failed.")
    attempt_count: int = Field(default=0, description="Times the job was given to a node.")
    version: int = Field(description="+1 for each change of the job's life.")
    is_runnable: bool = Field(default=True, description="Some node of the fleet can run the job.")
    unmet: list[Unmet] = Field(
        default_factory=list[Unmet],
        description="If no node can run the job: each requirement that the best node "
        "does not meet, with graph node, input, value and reason.",
    )
    deadline: datetime | None = Field(
        default=None, description="The job expires if it has not ended by then."
    )


class JobPage(BaseModel):
    items: list[JobView]
    next_cursor: str | None = None


class JobFact(Event):
    """Fields of every event about a job: thin, and never its inputs."""

    sent_by: ClassVar = ("scheduler",)

    job_id: UUID = Field(description="The job.")
    owner_id: UUID = Field(description="Owner of the job.")
    status: JobStatus = Field(description="Status of the job after this fact.")
    workflow: str = Field(description="`name@version`.")
    batch_id: UUID | None = Field(default=None, description="The batch that it is part of.")
    labels: dict[str, str] = Field(default_factory=dict, description="As given at submission.")

    def aggregate_id(self) -> UUID:
        return self.job_id


class JobQueued(JobFact):
    """The scheduler accepted a job; it waits for a node."""

    subject: ClassVar[str] = "event.job.queued.v1.{owner_id}"


class JobStarted(JobFact):
    """A node was given the job."""

    subject: ClassVar[str] = "event.job.started.v1.{owner_id}"
    node_id: UUID = Field(description="The node.")
    attempt: int = Field(description="Number of the attempt; 1 is the first.")


class JobRequeued(JobFact):
    """An attempt was lost or refused; the job waits again."""

    subject: ClassVar[str] = "event.job.requeued.v1.{owner_id}"
    cause: str = Field(description="Row of the retry table that the attempt fell under.")


class JobCanceling(JobFact):
    """A running job is to stop; its node is being told."""

    subject: ClassVar[str] = "event.job.canceling.v1.{owner_id}"


class JobCompleted(JobFact):
    """The job ended well; its outputs are visible."""

    subject: ClassVar[str] = "event.job.completed.v1.{owner_id}"
    output_ids: list[UUID] = Field(default_factory=list[UUID])


class JobFailed(JobFact):
    """The job ended badly and will not be tried again."""

    subject: ClassVar[str] = "event.job.failed.v1.{owner_id}"
    error_code: str


class JobCanceled(JobFact):
    """The job ended because somebody canceled it."""

    subject: ClassVar[str] = "event.job.canceled.v1.{owner_id}"


class JobExpired(JobFact):
    """The job's deadline passed before a node could finish it."""

    subject: ClassVar[str] = "event.job.expired.v1.{owner_id}"


JOB_FACTS: tuple[type[JobFact], ...] = (
    JobQueued,
    JobStarted,
    JobRequeued,
    JobCanceling,
    JobCompleted,
    JobFailed,
    JobCanceled,
    JobExpired,
)
