"""Filters of jobs: whether a job may start at all, whichever node is free."""

from scheduler.domain.context import StepContext
from scheduler.domain.jobs import Job
from scheduler.domain.obstacles import Filter, Obstacle

DELAYED = Obstacle("delayed", "is tried again in a moment")


def delayed(_: StepContext, job: Job) -> Obstacle | None:
    """Object while a failed job waits for its next try; the queue of startable jobs lacks it."""
    return None if job.not_before is None else DELAYED


JOB_FILTERS: tuple[Filter[StepContext, Job], ...] = (delayed,)
