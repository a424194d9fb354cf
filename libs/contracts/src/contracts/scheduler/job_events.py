"""Declares the events about jobs. They are public: streams, subscribers and webhooks show them."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from contracts.access import Priority
from contracts.event import Event
from contracts.scheduler.jobs import CAUSES, JobStatus


class JobEvent(Event):
    """Common fields of job events; inputs are not included."""

    sent_by: ClassVar = ("scheduler",)
    aggregate_key = "job_id"
    consumed_by: ClassVar = ("webhooks",)

    job_id: UUID = Field(description="The job.")
    owner_id: UUID = Field(description="Owner of the job.")
    status: JobStatus = Field(description="Status of the job after this event.")
    workflow: str = Field(description="`name@version`, or `graph@hash`.")
    batch_id: UUID | None = Field(default=None, description="The batch that it is part of.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of the job.")


class JobQueued(JobEvent):
    """The scheduler accepted a job; it waits for a node."""

    subject: ClassVar[str] = "event.job.queued.v1.{owner_id}"


class JobStarted(JobEvent):
    """A server began with the job."""

    subject: ClassVar[str] = "event.job.started.v1.{owner_id}"
    node_id: UUID = Field(description="The node.")
    attempt: int = Field(description="Number of the attempt; 1 is the first.")


class JobRequeued(JobEvent):
    """The job waits again, because an attempt failed or has not begun on its node."""

    subject: ClassVar[str] = "event.job.requeued.v1.{owner_id}"
    cause: str = Field(
        description=f"Why the attempt failed: {CAUSES}; `pending`: its server has other work "
        "first; or `moved`: it had not begun, and another node was idle."
    )


class JobCanceling(JobEvent):
    """Cancellation of a running job began; its node is asked to stop it."""

    subject: ClassVar[str] = "event.job.canceling.v1.{owner_id}"


class JobCompleted(JobEvent):
    """The job succeeded; its outputs can be read."""

    subject: ClassVar[str] = "event.job.completed.v1.{owner_id}"
    output_ids: list[UUID] = Field(default_factory=list[UUID])


class JobFailed(JobEvent):
    """The job failed and is not tried again."""

    subject: ClassVar[str] = "event.job.failed.v1.{owner_id}"
    error_code: str


class JobCanceled(JobEvent):
    """The job ended because somebody canceled it."""

    subject: ClassVar[str] = "event.job.canceled.v1.{owner_id}"


class JobExpired(JobEvent):
    """The job's deadline passed before a node could finish it."""

    subject: ClassVar[str] = "event.job.expired.v1.{owner_id}"


class JobPrioritized(JobEvent):
    """The owner gave the waiting job another priority."""

    subject: ClassVar[str] = "event.job.prioritized.v1.{owner_id}"
    priority: Priority = Field(description="The new priority.")


class JobLabeled(JobEvent):
    """The owner gave the job other labels."""

    subject: ClassVar[str] = "event.job.labeled.v1.{owner_id}"


class JobDeleted(JobEvent):
    """The owner deleted the ended job; media deletes its results."""

    subject: ClassVar[str] = "event.job.deleted.v1.{owner_id}"
    consumed_by: ClassVar = ("media",)
