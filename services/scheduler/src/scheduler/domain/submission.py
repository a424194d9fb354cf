"""Decides whether a job is accepted, and ends jobs that their owners cancel."""

from uuid import UUID

from contracts.access import Actor, Permission, Priority
from contracts.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from contracts.scheduler.job_requests import CancelJob, SubmitJob, SubmitJobView
from contracts.scheduler.jobs import JobStatus, JobView
from scheduler.domain.effects import Recall
from scheduler.domain.idempotency import find_created, remember_created
from scheduler.domain.jobs import Job
from scheduler.domain.lifecycle import begin_cancel, finish_cancel, queue_job
from scheduler.domain.requirements import eligible_nodes, unmet
from scheduler.domain.step import Step
from scheduler.domain.views import job_view
from scheduler.domain.waiting import kind_of

RANKS = {priority: rank for rank, priority in enumerate(Priority)}


def submit_job(step: Step, command: SubmitJob) -> SubmitJobView:
    """Accept a job once; a repeat is answered with the job as it is now."""
    if created_id := find_created(step, command):
        return SubmitJobView(job=current_view(step, created_id), is_replay=True)
    if earlier := step.find_job(command.job.job_id):
        if earlier.owner_id != command.actor.user_id:
            raise ConflictError("another job has this id", code="job_exists")
        return SubmitJobView(job=current_view(step, earlier.id))
    refuse_unstorable(command)
    refuse_excess(step, command)
    job = Job(command.job, command.actor.user_id, step.now.wall, step.trace)
    queue_job(step, job)
    remember_created(step, command, job.id)
    return SubmitJobView(job=current_view(step, job.id))


def refuse_unstorable(command: SubmitJob) -> None:
    """Raise for text that no row can hold and times that cannot be compared.

    Either would fail the commit of the whole batch.
    """
    job = command.job
    texts = [job.workflow, job.version_hash, *job.labels, *job.labels.values()]
    if command.idempotency:
        texts += [command.idempotency.key, command.idempotency.body_digest]
    if any("\0" in text for text in texts):
        raise InvalidError("a text contains the character NUL", code="bad_text")
    if job.deadline and job.deadline.tzinfo is None:
        problem = FieldError(path="deadline", code="no_time_zone", message="a time with its zone")
        raise InvalidError("the deadline has no time zone", code="bad_time", errors=[problem])


def refuse_excess(step: Step, command: SubmitJob) -> None:
    """Raise if the owner, or the fleet, already has its maximum of waiting jobs."""
    limits = command.actor.limits
    if RANKS[command.job.priority] < RANKS[limits.max_priority]:
        raise ForbiddenError(
            f"your highest priority is {limits.max_priority}", code="priority_not_allowed"
        )
    if step.state.queued[command.actor.user_id] >= limits.max_waiting_jobs:
        raise UnavailableError(
            f"{limits.max_waiting_jobs} of your jobs wait already",
            code="too_many_waiting",
            retry_in=5.0,
        )
    if step.state.queue_size >= step.state.limits.max_waiting:
        raise UnavailableError("the queue is full", code="queue_full", retry_in=10.0)


def current_view(step: Step, job_id: UUID) -> JobView:
    """Show the job as it is now; a waiting job with the requirements that no node meets."""
    job = step.find_job(job_id)
    if job is None:
        raise NotFoundError("the job is gone")
    view = job_view(job)
    if job.status is JobStatus.QUEUED and not eligible_nodes(step.state, kind_of(job)):
        view.is_runnable = False
        view.unmet = unmet(step.state.nodes.values(), job.spec)
    return view


def cancel_job(step: Step, command: CancelJob) -> JobView:
    """End a job early: at once while it waits, else as soon as its node has stopped it."""
    job = step.find_job(command.job_id)
    if job is None or not may_cancel(command.actor, job):
        raise NotFoundError("there is no such job")
    if job.status is JobStatus.QUEUED:
        finish_cancel(step, job)
    elif job.status is JobStatus.RUNNING and job.attempt:
        begin_cancel(step, job)
        job.attempt.answered_at = None
        job.attempt.omitted = 0
        step.effects.settled.append(job.attempt.id)
        node = step.state.nodes[job.attempt.node_id]
        step.effects.recalls.append(Recall(node.id, node.claim, job.attempt.id))
    return current_view(step, job.id)


def may_cancel(actor: Actor, job: Job) -> bool:
    return job.owner_id == actor.user_id or actor.may(Permission.JOBS_CANCEL_ALL)
