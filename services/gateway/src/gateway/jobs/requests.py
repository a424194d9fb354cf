"""Requests about jobs: every field is known, limited and described; others are errors."""

from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import Path
from pydantic import Field

from contracts.access import Priority
from contracts.scheduler import job_changes, job_requests
from contracts.values import LabelKey, LabelValue, UtcTime
from gateway.http.bodies import Strict

JobId: TypeAlias = Annotated[UUID, Path(description="Id of the job.")]


class RunRequest(Strict):
    """Fields that jobs and batches share."""

    workflow: str = Field(
        max_length=80, description="`name` for the active version, or `name@version`."
    )
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
        "of at most 256 bytes.",
    )


class JobRequest(RunRequest):
    """A job to run."""

    if_unrunnable: job_requests.IfUnrunnable = Field(
        default="wait",
        description="If no node of the fleet can run the job, busy or not: `wait` for one, or "
        "`refuse` it with every requirement that the best node does not meet.",
    )


class JobChanges(job_changes.JobChanges, Strict):
    """Changes of a job; a field that is left out stays."""


class JobFilters(job_requests.JobFilters, Strict):
    """Filters of the list of jobs."""
