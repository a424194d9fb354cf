"""The transitions of a job: each one takes a version and adds one event.

queued → running → completed | failed | canceled | expired
   ↑________|  (requeued)  canceling → canceled

A job is running once its engine has begun with it: from the commit that gives it to a node without
other work, or from the beat that says so.
"""

from typing import Any

from contracts.agent import Cause
from contracts.scheduler.job_events import (
    JobCanceled,
    JobCanceling,
    JobCompleted,
    JobEvent,
    JobExpired,
    JobFailed,
    JobQueued,
    JobRequeued,
    JobStarted,
)
from contracts.scheduler.jobs import JobError, JobStatus, Output
from contracts.scheduler.node_events import NodeDrained
from scheduler.domain.claims import free_claim
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_job_event, add_node_event
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import Node
from scheduler.domain.usage import usage_of_attempt, usage_of_job


def queue_job(context: StepContext, job: Job) -> None:
    context.state.add_job(job)
    context.effects.new_jobs[job.id] = job
    add_job_event(context, job, JobQueued)


def place_job(context: StepContext, job: Job, node: Node) -> None:
    """Give the job to a node; it stays queued if the node has other work first."""
    context.state.leave_queue(job)
    job.attempt_count += 1
    attempt = Attempt(
        context.new_id(),
        job,
        node.id,
        job.attempt_count,
        context.now.wall,
        asked_at=context.state.clock.now,
    )
    context.state.add_attempt(attempt)
    context.effects.attempts[attempt.id] = attempt
    context.effects.orders.append(attempt)
    if node.contact.foreign_prompts:
        context.effects.save_job(job)
    else:
        start_job(context, attempt)


def start_job(context: StepContext, attempt: Attempt) -> None:
    job, number = attempt.job, attempt.number
    job.started_at = job.started_at or context.now.wall
    change(context, job, JobStatus.RUNNING, JobStarted, node_id=attempt.node_id, attempt=number)


def wait_on_node(context: StepContext, job: Job) -> None:
    """Count a job as queued whose node turns out to have other work first."""
    change(context, job, JobStatus.QUEUED, JobRequeued, cause="pending")


def requeue_job(context: StepContext, job: Job, cause: str, delay_seconds: float) -> None:
    """Let the job wait once more, ahead of jobs that never had a turn."""
    job.not_before = context.now.steady + delay_seconds if delay_seconds else None
    job.delayed_for = cause
    job.attempt = None
    context.state.enqueue(job, first=True)
    change(context, job, JobStatus.QUEUED, JobRequeued, cause=cause)


def begin_cancel(context: StepContext, job: Job) -> None:
    change(context, job, JobStatus.CANCELING, JobCanceling)


def complete_job(context: StepContext, job: Job, outputs: list[Output]) -> None:
    job.end.outputs = outputs
    ids = [output.media_id for output in outputs]
    end_job(context, job, JobStatus.COMPLETED, JobCompleted, output_ids=ids)


def fail_job(context: StepContext, job: Job, error: JobError) -> None:
    job.end.error = error
    end_job(context, job, JobStatus.FAILED, JobFailed, error_code=error.code)


def finish_cancel(context: StepContext, job: Job) -> None:
    end_job(context, job, JobStatus.CANCELED, JobCanceled)


def expire_job(context: StepContext, job: Job, waited_for: str | None = None) -> None:
    """End a job whose deadline passed; the error keeps the reason for which it waited."""
    message = "the deadline passed before the job was done"
    if waited_for:
        message = f"{message}; it waited: {waited_for}"
    job.end.error = JobError(code="deadline_passed", message=message)
    end_job(context, job, JobStatus.EXPIRED, JobExpired)


def end_job(
    context: StepContext, job: Job, status: JobStatus, event: type[JobEvent], **details: Any
) -> None:
    """Remove a job from the state; from now on only the database knows it."""
    if job.needs_node:
        context.state.leave_queue(job)
    job.finished_at = context.now.wall
    context.effects.add_usage(usage_of_job(job, context.now.wall, status))
    job.attempt = None
    change(context, job, status, event, **details)
    context.state.remove_job(job)
    context.loaded.jobs[job.id] = job


def change(
    context: StepContext, job: Job, status: JobStatus, event: type[JobEvent], **details: Any
) -> None:
    job.status = status
    job.version += 1
    context.effects.save_job(job)
    add_job_event(context, job, event, **details)


def end_attempt(
    context: StepContext, attempt: Attempt, outcome: str, cause: Cause | None = None
) -> None:
    """Close an attempt; the caller decides about its job."""
    attempt.ended_at, attempt.outcome, attempt.cause = context.now.wall, outcome, cause
    context.state.remove_attempt(attempt)
    node = context.state.nodes.get(attempt.node_id)
    if node:
        node.attempts.pop(attempt.id, None)
        note_if_drained(context, node)
    context.effects.attempts[attempt.id] = attempt
    context.effects.add_usage(usage_of_attempt(attempt, context.now.wall))
    context.effects.stop_repeating.append(attempt.id)


def note_if_drained(context: StepContext, node: Node) -> None:
    """Add the event that a draining or disabled node has nothing left; a disabled one is let go."""
    if node.attempts or (node.settings.is_enabled and not node.settings.is_draining):
        return
    add_node_event(context, node, NodeDrained)
    if not node.settings.is_enabled:
        free_claim(context, node)
