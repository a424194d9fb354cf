"""Batches as answers to queries show them, counted from their jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.scheduler.batches import BatchView, job_ids
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.jobs import Batch
from scheduler.domain.state import State
from scheduler.domain.views import progress_of


@dataclass(frozen=True, slots=True)
class Tally:
    """The jobs of a batch that have one status."""

    job_count: int
    started_at: datetime | None = None
    """When the first of them started."""
    finished_at: datetime | None = None
    """When the last of them ended."""


def batch_view(batch: Batch, tallies: Mapping[JobStatus, Tally]) -> BatchView:
    """Show a batch without the parts that its running jobs have done."""
    unfinished = sum(tally.job_count for one, tally in tallies.items() if not one.is_terminal)
    starts = [tally.started_at for tally in tallies.values() if tally.started_at]
    ends = [tally.finished_at for tally in tallies.values() if tally.finished_at]
    return BatchView(
        id=batch.id,
        owner_id=batch.owner_id,
        workflow=batch.workflow,
        priority=batch.priority,
        labels=batch.labels,
        deadline=batch.deadline,
        created_at=batch.created_at,
        started_at=min(starts, default=None),
        finished_at=None if unfinished else max(ends, default=None),
        job_count=batch.job_count,
        job_count_by_status={
            status: tallies[status].job_count if status in tallies else 0 for status in JobStatus
        },
        fraction=1 - unfinished / batch.job_count,
    )


def add_progress(state: State, view: BatchView) -> BatchView:
    """Add the parts that running jobs have done, which only the leader knows."""
    jobs = (state.jobs.get(job_id) for job_id in job_ids(view.id, view.job_count))
    done = sum(progress_of(job).fraction for job in jobs if job)
    fraction = min(1.0, view.fraction + done / view.job_count)
    return view.model_copy(update={"fraction": fraction})
