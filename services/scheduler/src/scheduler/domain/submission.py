"""Decides whether a job is accepted, and ends jobs that their owners cancel."""

from collections.abc import Iterable
from uuid import UUID

from contracts.access import Actor, IdempotencyKey, Permission, Priority
from contracts.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from contracts.scheduler.job_requests import CancelJob, JobTemplate, SubmitJob, SubmitJobView
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
    refuse_unstorable(command.job, command.idempotency)
    refuse_retry(context, command)
    refuse_excess(context, command.actor, command.job.priority)
    job = Job(command.job, command.actor.user_id, context.now.wall, context.trace)
    refuse_refused(context.state, job)
    if command.if_unrunnable == "refuse":
        refuse_unrunnable(context.state, job)
    queue_job(context, job)
    remember_created(context, command, job.id)
    return SubmitJobView(job=current_view(context, job.id))


def refuse_unstorable(job: JobTemplate, idempotency: IdempotencyKey | None) -> None:
    """Raise for text that no row can hold and times that cannot be compared.

    Either would fail the commit of the whole step.
    """
    texts = [job.workflow, job.version_hash, *job.labels, *job.labels.values()]
    if idempotency:
        texts += [idempotency.key, idempotency.body_digest]
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


def refuse_excess(context: StepContext, actor: Actor, priority: Priority, count: int = 1) -> None:
    """Raise for a priority above the owner's, and for a full queue of the owner or the fleet.

    So many new jobs must find room together. More than ever fit are refused for good.
    """
    limits, fleet = actor.limits, context.state.limits
    refuse_priority(priority, actor)
    own = min(limits.max_waiting_jobs, fleet.max_waiting_jobs_per_owner)
    most = min(own, fleet.max_waiting_jobs)
    if count > max(1, most):
        text = f"the batch has {count} jobs, and {most} may wait"
        raise InvalidError(text, code="batch_too_large")
    waiting = context.state.waiting_of(actor.user_id)
    if waiting + count > own:
        text = f"{waiting} of your jobs wait already, {too_many(count, own)}"
        raise UnavailableError(text, code="too_many_waiting", retry_in=5.0)
    if context.state.queue_size + count > fleet.max_waiting_jobs:
        text = f"{context.state.queue_size} jobs of all owners wait already"
        text = f"the queue is full: {text}, {too_many(count, fleet.max_waiting_jobs)}"
        raise UnavailableError(text, code="queue_full", retry_in=10.0)


def too_many(count: int, most: int) -> str:
    return f"and {most} may" if count == 1 else f"and a batch of {count} more is over {most}"


def refuse_priority(priority: Priority, actor: Actor) -> None:
    highest = actor.limits.max_priority
    if RANKS[priority] < RANKS[highest]:
        raise ForbiddenError(f"your highest priority is {highest}", code="priority_not_allowed")


def cancel_job(context: StepContext, command: CancelJob) -> JobView:
    """End a job early, if it has not ended."""
    job = context.find_job(command.job_id)
    if job is None or not may_cancel(command.actor, job.owner_id):
        raise NotFoundError("there is no such job")
    end_early(context, job)
    return current_view(context, job.id)


def end_early(context: StepContext, job: Job) -> None:
    """Cancel a job: at once while it waits, else as soon as its node has stopped it."""
    if job.needs_node:
        finish_cancel(context, job)
    elif job.attempt and job.status is not JobStatus.CANCELING:
        begin_cancel(context, job)
        job.attempt.confirmed_at = None
        job.attempt.omitted = 0
        job.attempt.asked_at = context.state.clock.now
        context.effects.stop_repeating.append(job.attempt.id)
        context.effects.recall(context.state.nodes[job.attempt.node_id], job.attempt.id)


def may_cancel(actor: Actor, owner_id: UUID) -> bool:
    return owner_id == actor.user_id or actor.may(Permission.JOBS_CANCEL_ALL)
