"""Decides whether a job is accepted, and ends jobs that their owners cancel."""

from collections.abc import Iterable
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
from scheduler.domain.context import StepContext
from scheduler.domain.idempotency import find_created, is_removed, remember_created
from scheduler.domain.jobs import Job
from scheduler.domain.lifecycle import begin_cancel, finish_cancel, queue_job
from scheduler.domain.refusals import refuse_refused
from scheduler.domain.requirements import refuse_unrunnable
from scheduler.domain.views import current_view

RANKS = {priority: rank for rank, priority in enumerate(Priority)}


def named_jobs(command: SubmitJob) -> Iterable[UUID]:
    retried = command.job.retry_of
    return (command.job.job_id, retried) if retried else (command.job.job_id,)


def submit_job(context: StepContext, command: SubmitJob) -> SubmitJobView:
    """Accept a job once; a repeat is answered with the job as it is now."""
    if created_id := find_created(context, command):
        return SubmitJobView(job=current_view(context, created_id), is_replay=True)
    if earlier := context.find_job(command.job.job_id):
        if earlier.owner_id != command.actor.user_id:
            raise ConflictError("another job has this id", code="job_exists")
        return SubmitJobView(job=current_view(context, earlier.id))
    if is_removed(context, command):
        raise ConflictError("the job was deleted", code="job_deleted")
    refuse_unstorable(command)
    refuse_retry(context, command)
    refuse_excess(context, command)
    job = Job(command.job, command.actor.user_id, context.now.wall, context.trace)
    refuse_refused(context.state, job)
    if command.if_unrunnable == "refuse":
        refuse_unrunnable(context.state, job)
    queue_job(context, job)
    remember_created(context, command, job.id)
    return SubmitJobView(job=current_view(context, job.id))


def refuse_unstorable(command: SubmitJob) -> None:
    """Raise for text that no row can hold and times that cannot be compared.

    Either would fail the commit of the whole batch.
    """
    job = command.job
    texts = [job.workflow, job.version_hash, *job.labels, *job.labels.values()]
    if command.idempotency:
        texts += [command.idempotency.key, command.idempotency.body_digest]
    refuse_nul(*texts)
    if job.deadline and job.deadline.tzinfo is None:
        problem = FieldError(
            path="deadline", code="no_time_zone", message="expected a time with a zone"
        )
        raise InvalidError("the deadline has no time zone", code="bad_time", errors=[problem])


def refuse_nul(*texts: str) -> None:
    if any("\0" in text for text in texts):
        raise InvalidError("a text contains the character NUL", code="bad_text")


def refuse_retry(context: StepContext, command: SubmitJob) -> None:
    """Raise for a retry of a job that is not the actor's, still goes on, or has its results."""
    if command.job.retry_of is None:
        return
    retried = context.find_job(command.job.retry_of)
    if retried is None or retried.owner_id != command.actor.user_id:
        raise NotFoundError("there is no such job")
    if not retried.status.is_terminal:
        raise ConflictError(f"the job is {retried.status}: cancel it first", code="job_not_over")
    if retried.status is JobStatus.COMPLETED:
        raise ConflictError("the job has completed: submit a new one", code="job_completed")


def refuse_excess(context: StepContext, command: SubmitJob) -> None:
    """Raise for a priority above the owner's, and for a full queue of the owner or the fleet."""
    limits = command.actor.limits
    refuse_priority(command.job.priority, command.actor)
    if context.state.queued_by_owner[command.actor.user_id] >= limits.max_waiting_jobs:
        raise UnavailableError(
            f"{limits.max_waiting_jobs} of your jobs wait already",
            code="too_many_waiting",
            retry_in=5.0,
        )
    if context.state.queue_size >= context.state.limits.max_waiting_jobs:
        raise UnavailableError("the queue is full", code="queue_full", retry_in=10.0)


def refuse_priority(priority: Priority, actor: Actor) -> None:
    highest = actor.limits.max_priority
    if RANKS[priority] < RANKS[highest]:
        raise ForbiddenError(f"your highest priority is {highest}", code="priority_not_allowed")


def cancel_job(context: StepContext, command: CancelJob) -> JobView:
    """End a job early: at once while it waits, else as soon as its node has stopped it."""
    job = context.find_job(command.job_id)
    if job is None or not may_cancel(command.actor, job):
        raise NotFoundError("there is no such job")
    if job.needs_node:
        finish_cancel(context, job)
    elif job.attempt and job.status is not JobStatus.CANCELING:
        begin_cancel(context, job)
        job.attempt.confirmed_at = None
        job.attempt.omitted = 0
        job.attempt.asked_at = context.state.clock.now
        context.effects.stop_repeating.append(job.attempt.id)
        context.effects.recall(context.state.nodes[job.attempt.node_id], job.attempt.id)
    return current_view(context, job.id)


def may_cancel(actor: Actor, job: Job) -> bool:
    return job.owner_id == actor.user_id or actor.may(Permission.JOBS_CANCEL_ALL)
