"""The transitions of a job: each one takes a version and publishes one fact.

queued → running → completed | failed | canceled | expired
   ↑________|  (requeued)  canceling → canceled
"""

from collections.abc import Iterable
from datetime import timedelta
from heapq import heappush

from contracts.agent import Cause
from contracts.scheduler.jobs import (
    JobCanceled,
    JobCanceling,
    JobCompleted,
    JobError,
    JobExpired,
    JobFailed,
    JobQueued,
    JobRequeued,
    JobStarted,
    JobStatus,
    Output,
)
from scheduler.domain.facts import publish_job_fact
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import Node
from scheduler.domain.retry import NextTry
from scheduler.domain.step import Step


def queue_job(step: Step, job: Job) -> None:
    """Add a new job to the queue."""
    state = step.state
    state.jobs[job.id] = job
    state.queued[job.owner_id] += 1
    state.waiting.add(job)
    if job.spec.deadline:
        heappush(state.deadlines, (job.spec.deadline, job.id))
    step.effects.new_jobs[job.id] = job
    publish_job_fact(step, job, JobQueued)


def start_job(step: Step, job: Job, node: Node) -> None:
    """Give the job to a node; from the commit on it counts as running."""
    leave_queue(step, job)
    job.attempt_count += 1
    attempt = Attempt(step.new_id(), job, node.id, job.attempt_count, step.now.wall)
    job.attempt = step.state.attempts[attempt.id] = node.attempts[attempt.id] = attempt
    job.started_at = job.started_at or step.now.wall
    change(step, job, JobStatus.RUNNING)
    step.effects.attempts[attempt.id] = attempt
    step.effects.orders.append(attempt)
    publish_job_fact(step, job, JobStarted, node_id=node.id, attempt=attempt.number)


def requeue_job(step: Step, job: Job, cause: Cause, next_try: NextTry) -> None:
    """Let the job wait once more, ahead of jobs that never had a turn."""
    job.retry.avoid = next_try.avoid
    job.attempt = None
    step.state.queued[job.owner_id] += 1
    change(step, job, JobStatus.QUEUED)
    if next_try.delay_seconds:
        job.retry.not_before = step.now.wall + timedelta(seconds=next_try.delay_seconds)
        heappush(step.state.delayed, (job.retry.not_before, job.id))
    else:
        job.retry.not_before = None
        step.state.waiting.add(job, first=True)
    publish_job_fact(step, job, JobRequeued, cause=cause)


def begin_cancel(step: Step, job: Job) -> None:
    change(step, job, JobStatus.CANCELING)
    publish_job_fact(step, job, JobCanceling)


def complete_job(step: Step, job: Job, outputs: Iterable[Output]) -> None:
    job.result.outputs = list(outputs)
    end_job(step, job, JobStatus.COMPLETED)
    ids = [output.media_id for output in job.result.outputs]
    publish_job_fact(step, job, JobCompleted, output_ids=ids)


def fail_job(step: Step, job: Job, error: JobError) -> None:
    job.result.error = error
    end_job(step, job, JobStatus.FAILED)
    publish_job_fact(step, job, JobFailed, error_code=error.code)


def finish_cancel(step: Step, job: Job) -> None:
    end_job(step, job, JobStatus.CANCELED)
    publish_job_fact(step, job, JobCanceled)


def expire_job(step: Step, job: Job) -> None:
    message = "the deadline passed before the job was done"
    job.result.error = JobError(code="deadline_passed", message=message)
    end_job(step, job, JobStatus.EXPIRED)
    publish_job_fact(step, job, JobExpired)


def end_job(step: Step, job: Job, status: JobStatus) -> None:
    """Remove a job from the state; from now on only the database knows it."""
    if job.status is JobStatus.QUEUED:
        leave_queue(step, job)
    job.finished_at = step.now.wall
    job.attempt = None
    change(step, job, status)
    del step.state.jobs[job.id]
    step.known.jobs[job.id] = job


def leave_queue(step: Step, job: Job) -> None:
    state = step.state
    state.waiting.discard(job)
    state.queued[job.owner_id] -= 1
    if not state.queued[job.owner_id]:
        del state.queued[job.owner_id]


def change(step: Step, job: Job, status: JobStatus) -> None:
    job.status = status
    job.version += 1
    step.effects.save_job(job)


def end_attempt(step: Step, attempt: Attempt, outcome: str, cause: Cause | None = None) -> None:
    """Close an attempt; the caller decides about its job."""
    attempt.ended_at, attempt.outcome, attempt.cause = step.now.wall, outcome, cause
    del step.state.attempts[attempt.id]
    node = step.state.nodes.get(attempt.node_id)
    if node:
        node.attempts.pop(attempt.id, None)
    step.effects.attempts[attempt.id] = attempt
    step.effects.settled.append(attempt.id)
