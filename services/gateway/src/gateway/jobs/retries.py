"""Makes a new job of one that failed, was canceled or expired.

Everything is checked as for any new job: the workflow may be switched off, a media deleted.
"""

from uuid import UUID

from contracts.access import Actor, Priority
from contracts.errors import NotFoundError
from contracts.scheduler.job_requests import NewJob
from contracts.scheduler.jobs import JobView
from gateway.jobs.reading import find_job
from gateway.jobs.requests import JobRequest
from gateway.jobs.submission import new_job
from gateway.service import Gateway
from runtime.clock import now

RANKS = {priority: rank for rank, priority in enumerate(Priority)}


async def retry_of(gateway: Gateway, actor: Actor, job_id: UUID) -> NewJob:
    """Return a job with the same version, inputs, seeds, labels and priority.

    The scheduler decides whether that job may be run again.
    """
    ended = await find_job(gateway, actor, job_id)
    if ended.owner_id != actor.user_id:  # reading all jobs is no right to run them
        raise NotFoundError("there is no such job")
    job = await new_job(gateway, actor, request_of(ended, actor.limits.max_priority))
    return job.model_copy(update={"retry_of": job_id})


def request_of(ended: JobView, max_priority: Priority) -> JobRequest:
    """Return the request of an ended job; a deadline that has passed is left out."""
    is_ahead = ended.deadline and ended.deadline > now()
    return JobRequest.model_construct(
        workflow=ended.workflow,
        graph=None,
        inputs=ended.inputs,
        priority=max(ended.priority, max_priority, key=RANKS.__getitem__),
        deadline=ended.deadline if is_ahead else None,
        labels=ended.labels,
    )
