"""Batches as the public API shows them: the scheduler's view with links."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.scheduler.batches import BatchView, job_ids
from contracts.values import Page


class BatchLinks(BaseModel):
    """Paths of the API for one batch."""

    self: str = Field(description="The batch.")
    jobs: str = Field(description="Its jobs, a page of the list of jobs.")
    events: str = Field(description="Live events of its jobs (SSE).")
    cancel: str = Field(description="POST here to end all of its jobs early.")


class BatchSummary(BatchView):
    """The current state of a batch, without the ids of its jobs."""

    links: BatchLinks = Field(description="Paths of the batch.")


class Batch(BatchSummary):
    """The current state of a batch."""

    job_ids: list[UUID] = Field(
        description="Ids of its jobs in the order of its items, also of jobs deleted since."
    )


class BatchPage(Page[BatchSummary]):
    """A page of batches, newest first."""


def batch_resource(prefix: str, view: BatchView) -> Batch:
    ids = list(job_ids(view.id, view.job_count))
    return Batch.model_construct(**with_links(prefix, view), job_ids=ids)


def batch_summary(prefix: str, view: BatchView) -> BatchSummary:
    return BatchSummary.model_construct(**with_links(prefix, view))


def with_links(prefix: str, view: BatchView) -> dict[str, Any]:
    path = f"{prefix}/v1/batches/{view.id}"
    paths = BatchLinks.model_construct(
        self=path,
        jobs=f"{prefix}/v1/jobs?batch_id={view.id}",
        events=f"{path}/events",
        cancel=f"{path}/cancel",
    )
    return {**view.__dict__, "links": paths}
