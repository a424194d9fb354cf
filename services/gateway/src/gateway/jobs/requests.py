"""Requests about jobs: every field is known, limited and described; others are errors."""

from typing import Annotated, Any, Self, TypeAlias
from uuid import UUID

from fastapi import Path
from pydantic import Field, model_validator

from contracts.access import Priority
from contracts.scheduler import job_changes, job_requests
from contracts.values import LabelKey, LabelValue, UtcTime
from contracts.webhooks.endpoints import WebhookUrl
from gateway.http.bodies import Strict

JobId: TypeAlias = Annotated[UUID, Path(description="Id of the job.")]


REFERENCE = "`name` for the active version, or `name@version`."
IF_UNRUNNABLE = (
    "If no node of the fleet can run a job, busy or not: `wait` for one, or `refuse` it, with "
    "every requirement that the best node does not meet. A batch is refused as a whole."
)


class RunRequest(Strict):
    """Fields that jobs and batches share."""

    inputs: dict[str, Any] = Field(
        default_factory=dict,
        max_length=500,
        description="Values by name of the input; see the workflow's schema. A file is "
        '`{"media": "<id>"}`.',
    )
    priority: Priority | None = Field(
        default=None, description="Priority; null: the highest the account may use."
    )
    deadline: UtcTime | None = Field(
        default=None, description="The job expires if it has not ended by this time."
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict,
        max_length=16,
        description="For finding the job again: at most 16; keys `[A-Za-z0-9_.-]{1,40}`, values "
        "of at most 256 bytes, without control characters.",
    )
    if_unrunnable: job_requests.IfUnrunnable = Field(default="wait", description=IF_UNRUNNABLE)


class JobRequest(RunRequest):
    """A job to run: exactly one of `workflow` and `graph` says what."""

    workflow: str | None = Field(default=None, max_length=80, description=REFERENCE)
    graph: dict[str, Any] | None = Field(
        default=None,
        description="A graph to run as it is, in ComfyUI's API format or save format; needs the "
        "permission `graphs:run`. An input that takes a file holds "
        '`{"media": "<id>"}`: files of the servers are not read.',
    )

    webhook: WebhookUrl | None = Field(
        default=None,
        description="Receives a POST when the job ends, signed with the secret of "
        "`GET /v1/webhooks/secret`. The id of the job opens the log, as that of a webhook.",
    )

    @model_validator(mode="after")
    def says_once_what_runs(self) -> Self:
        if (self.workflow is None) == (self.graph is None):
            raise ValueError("expected exactly one of `workflow` and `graph`")
        if self.graph is not None and self.inputs:
            raise ValueError("`graph` has its values in itself: leave `inputs` out")
        return self


class JobChanges(job_changes.JobChanges, Strict):
    """Changes of a job; a field that is left out stays."""


class JobFilters(job_requests.JobFilters, Strict):
    """Filters of the list of jobs."""
