"""Requests about jobs: every field is known, limited and described; others are errors."""

from typing import Any
from uuid import UUID

from pydantic import Field

from contracts.access import Priority
from contracts.scheduler.jobs import JobStatus
from contracts.values import UtcTime
from gateway.http.bodies import Strict
from gateway.http.fields import LabelKey, LabelValue, QueryText


class JobRequest(Strict):
    """A job to run."""

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
        default=None, description="Priority of the job; null: the highest the account may use."
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


class JobFilters(Strict):
    """Filters of the list of jobs."""

    status: list[JobStatus] = Field(
        default_factory=list[JobStatus], max_length=7, description="Jobs in any of these statuses."
    )
    workflow: QueryText | None = Field(
        default=None, max_length=80, description="`name` or `name@version`."
    )
    label: QueryText | None = Field(
        default=None, max_length=300, description="`key` or `key=value`."
    )
    batch_id: UUID | None = Field(default=None, description="Jobs of this batch.")
    owner_id: UUID | None = Field(
        default=None, description="Jobs of this user; needs `jobs:read_all`."
    )
    limit: int = Field(default=50, ge=1, le=200, description="Jobs on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )
