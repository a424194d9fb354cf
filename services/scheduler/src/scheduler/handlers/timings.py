"""Answers the query for the attempts of a job, and for the times of their graph nodes."""

from contracts.errors import NotFoundError
from contracts.scheduler.timings import FindTimings, TimingsView
from contracts.values import fitting
from scheduler.handlers.queries import visible_owner
from scheduler.service import Scheduler


async def find_timings(scheduler: Scheduler, query: FindTimings) -> TimingsView:
    """Return as many attempts as fit into one answer, the newest first."""
    scheduler.current_term()
    if not await scheduler.job_reader.find([query.job_id], visible_owner(query.actor)):
        raise NotFoundError("there is no such job")
    return TimingsView(attempts=fitting(await scheduler.job_reader.attempts(query.job_id)))
