"""Changes of a job that was submitted: its priority, its labels and its deletion."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import Priority, UserCommand
from contracts.message import Accepted
from contracts.scheduler.jobs import JobView
from contracts.values import LabelKey, LabelValue


class JobChanges(BaseModel):
    """Changes of a job; a field that is left out stays."""

    priority: Priority | None = Field(
        default=None,
        description="Priority from now on, while the job is queued: at most the highest that the "
        "account may use.",
    )
    labels: dict[LabelKey, LabelValue] | None = Field(
        default=None,
        max_length=16,
        description="All labels; they replace the old ones, until the job is over. Results get "
        "those that the job had when a server got it.",
    )


class UpdateJob(JobChanges, UserCommand[JobView]):
    """Change a job. A value that it has already is no change.

    Errors: NotFound, Forbidden (`priority_not_allowed`), Conflict (`job_started`: the priority has
    had its effect; `job_over`).
    """

    subject: ClassVar[str] = "command.scheduler.update_job.v1"
    job_id: UUID


class DeleteJob(UserCommand[Accepted]):
    """Delete a job that is over, with its attempts and its results.

    A repetition within a day is accepted: the job is gone. Errors: NotFound, Conflict
    (`job_not_over`).
    """

    subject: ClassVar[str] = "command.scheduler.delete_job.v1"
    job_id: UUID
