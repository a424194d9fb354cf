"""Batches: up to 1 000 jobs of one workflow, submitted, watched and canceled as one.

The values that all jobs share travel once, so that a batch fits into one message. The ids of the
jobs follow from the id of the batch, so a batch and its jobs can be found from each other.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.access import IdempotencyKey, Priority, UserCommand, UserQuery
from contracts.message import Accepted
from contracts.scheduler.job_requests import IfUnrunnable, JobTemplate, Requirements
from contracts.scheduler.jobs import JobStatus
from contracts.values import Page, QueryText

MOST_ITEMS = 1_000


def job_ids(batch_id: UUID, job_count: int) -> Iterator[UUID]:
    """Yield the ids of a batch's jobs; they sort in the order of its items."""
    return (UUID(int=batch_id.int + number) for number in range(1, job_count + 1))


class BatchItem(BaseModel):
    """The part of one job that not all jobs of the batch share."""

    model_config = ConfigDict(frozen=True)

    inputs: dict[str, Any] = Field(
        default_factory=dict, description="Values of inputs, beside those of the template."
    )
    media: list[UUID] = Field(
        default_factory=list[UUID], description="Ids of the media that the job's inputs name."
    )
    seed: int | None = None
    requirements: int = Field(default=0, ge=0, description="Position in the batch's requirements.")


class SubmitBatchView(BaseModel):
    batch_id: UUID
    is_replay: bool = Field(
        default=False, description="An earlier request with this idempotency key made the batch."
    )


class SubmitBatch(UserCommand[SubmitBatchView]):
    """Run a workflow once for each item: all jobs are accepted in one commit, or none is.

    Errors: Forbidden (`priority_not_allowed`), Invalid (`batch_too_large`), Conflict
    (`idempotency_key_reused`), Unavailable (`queue_full`, `too_many_waiting`). If it asks for
    that: Conflict (`unrunnable`) for the first item that no node can run.
    """

    subject: ClassVar[str] = "command.scheduler.submit_batch.v1"
    batch_id: UUID = Field(
        description="Chosen by the caller; a repeat with the same id names the same batch."
    )
    template: JobTemplate = Field(description="Everything that the jobs share.")
    requirements: list[Requirements] = Field(
        min_length=1,
        max_length=MOST_ITEMS,
        description="Requirements of the jobs; most jobs have the same.",
    )
    items: list[BatchItem] = Field(min_length=1, max_length=MOST_ITEMS)
    if_unrunnable: IfUnrunnable = "wait"
    idempotency: IdempotencyKey | None = None


class CancelBatch(UserCommand[Accepted]):
    """Cancel all jobs of a batch that have not ended. Errors: NotFound."""

    subject: ClassVar[str] = "command.scheduler.cancel_batch.v1"
    batch_id: UUID


class BatchView(BaseModel):
    """A batch as it is now."""

    id: UUID = Field(description="The batch.")
    owner_id: UUID = Field(description="The user who owns the batch and its jobs.")
    workflow: str = Field(description="`name@version`, as resolved at submission.")
    priority: Priority = Field(description="Priority given at submission.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels given at submission.")
    deadline: datetime | None = Field(
        default=None, description="Jobs that have not ended by then expire."
    )
    created_at: datetime = Field(description="When the batch was accepted.")
    started_at: datetime | None = Field(
        default=None, description="When a server first began with one of the jobs."
    )
    finished_at: datetime | None = Field(
        default=None, description="When the last job ended; null while one has not."
    )
    job_count: int = Field(description="Number of jobs submitted.")
    job_count_by_status: dict[JobStatus, int] = Field(
        description="Number of jobs by status. Deleted jobs are not counted."
    )
    fraction: float = Field(
        ge=0, le=1, description="Fraction of the work that is done, parts of running jobs included."
    )


class BatchPage(Page[BatchView]):
    """A page of batches."""


class FindBatch(UserQuery[BatchView]):
    """Find a batch by id. Errors: NotFound (also if the actor may not read it)."""

    subject: ClassVar[str] = "query.scheduler.find_batch.v1"
    batch_id: UUID


class FindSubmittedBatch(UserQuery[BatchView]):
    """Find the batch that the actor's idempotency key created.

    Errors: NotFound (there is none), Conflict (`idempotency_key_reused`).
    """

    subject: ClassVar[str] = "query.scheduler.find_submitted_batch.v1"
    idempotency: IdempotencyKey


class BatchFilters(BaseModel):
    """The part of the list of batches that a caller wants."""

    limit: int = Field(default=20, ge=1, le=50, description="Batches on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class ListBatches(BatchFilters, UserQuery[BatchPage]):
    """List batches by pages, newest first."""

    subject: ClassVar[str] = "query.scheduler.list_batches.v1"
