"""Changes jobs that were accepted: their priority and labels; and deletes jobs that are over."""

from contracts.access import Actor, Priority
from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from contracts.scheduler.job_changes import DeleteJob, UpdateJob
from contracts.scheduler.job_events import JobDeleted, JobLabeled, JobPrioritized
from contracts.scheduler.jobs import JobStatus, JobView
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_job_event
from scheduler.domain.idempotency import is_removed, remember_removed
from scheduler.domain.jobs import Job
from scheduler.domain.lifecycle import change
from scheduler.domain.submission import refuse_priority
from scheduler.domain.views import current_view


def update_job(context: StepContext, command: UpdateJob) -> JobView:
    """Change what differs; each change is an event of its own."""
    job = own_job(context, command.actor, command)
    priority, labels = command.priority, command.labels
    is_prioritized = priority is not None and priority is not job.request.priority
    is_labeled = labels is not None and labels != job.request.labels
    if (is_prioritized or is_labeled) and job.status.is_terminal:
        raise ConflictError(f"the job is {job.status}", code="job_over")
    if priority and is_prioritized:
        refuse_priority(priority, command.actor)
        refuse_started(job)
        prioritize(context, job, priority)
    if labels is not None and is_labeled:
        job.request = job.request.model_copy(update={"labels": labels})
        change(context, job, job.status, JobLabeled)
        context.effects.save_request(job)
    return current_view(context, job.id)


def own_job(context: StepContext, actor: Actor, command: UpdateJob | DeleteJob) -> Job:
    job = context.find_job(command.job_id)
    if job is None or job.owner_id != actor.user_id:
        raise NotFoundError("there is no such job")
    return job


def delete_job(context: StepContext, command: DeleteJob) -> Accepted:
    """Delete an ended job; the event tells media to delete its results."""
    if is_removed(context, command):
        return Accepted()
    job = own_job(context, command.actor, command)
    if not job.status.is_terminal:
        raise ConflictError(f"the job is {job.status}: cancel it first", code="job_not_over")
    job.version += 1
    add_job_event(context, job, JobDeleted)
    context.effects.deleted_jobs.add(job.id)
    del context.loaded.jobs[job.id]
    remember_removed(context, command, job.id)
    return Accepted()


def refuse_started(job: Job) -> None:
    if job.status is not JobStatus.QUEUED:
        raise ConflictError(f"the job is {job.status} already", code="job_started")


def prioritize(context: StepContext, job: Job, priority: Priority) -> None:
    """Move the job in the queue; one that waits for its next try, or on a node, is in none."""
    is_startable = context.state.startable.discard(job)
    job.request = job.request.model_copy(update={"priority": priority})
    if is_startable:
        context.state.startable.insert(job)
    change(context, job, job.status, JobPrioritized, priority=priority)
    context.effects.save_request(job)
