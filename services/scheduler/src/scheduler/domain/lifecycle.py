"""The transitions of a job: each is one version and one fact.

queued → running → completed | failed | canceled | expired
   ↑________|  (requeued)  canceling → canceled
"""

from collections.abc import Iterable
from datetime import timedelta
from heapq import heappush
from uuid import UUID

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
from scheduler.domain.facts import tell_job
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import Node
from scheduler.domain.retry import Again
from scheduler.domain.turn import Turn


def queue_job(turn: Turn, job: Job) -> None:
    """Take a new job in."""
    state = turn.state
    state.jobs[job.id] = job
    state.queued[job.owner_id] += 1
    state.waiting.add(job)
    if job.spec.deadline:
        heappush(state.deadlines, (job.spec.deadline, job.id))
    turn.effects.new_jobs[job.id] = job
    tell_job(turn, job, JobQueued)


def start_job(turn: Turn, job: Job, node: Node) -> None:
    """Give the job to a node: from the commit of this on, it runs."""
    leave_queue(turn, job)
    job.attempts += 1
    attempt = Attempt(turn.new_id(), job, node.id, job.attempts, turn.now.wall)
    job.attempt = turn.state.attempts[attempt.id] = node.attempts[attempt.id] = attempt
    job.started_at = job.started_at or turn.now.wall
    change(turn, job, JobStatus.RUNNING)
    turn.effects.attempts[attempt.id] = attempt
    turn.effects.orders.append(attempt)
    tell_job(turn, job, JobStarted, node_id=node.id, attempt=attempt.number)


def requeue_job(turn: Turn, job: Job, cause: Cause, again: Again) -> None:
    """Let the job wait once more, before those that never had a turn."""
    job.avoid = again.avoid
    job.attempt = None
    turn.state.queued[job.owner_id] += 1
    change(turn, job, JobStatus.QUEUED)
    if again.delay_seconds:
        job.not_before = turn.now.wall + timedelta(seconds=again.delay_seconds)
        heappush(turn.state.delayed, (job.not_before, job.id))
    else:
        job.not_before = None
        turn.state.waiting.add(job, first=True)
    tell_job(turn, job, JobRequeued, cause=cause)


def begin_cancel(turn: Turn, job: Job) -> None:
    change(turn, job, JobStatus.CANCELING)
    tell_job(turn, job, JobCanceling)


def complete_job(turn: Turn, job: Job, outputs: Iterable[Output]) -> None:
    job.outputs = list(outputs)
    end_job(turn, job, JobStatus.COMPLETED)
    tell_job(turn, job, JobCompleted, output_ids=[output.media_id for output in job.outputs])


def fail_job(turn: Turn, job: Job, error: JobError) -> None:
    job.error = error
    end_job(turn, job, JobStatus.FAILED)
    tell_job(turn, job, JobFailed, error_code=error.code)


def cancel_job(turn: Turn, job: Job) -> None:
    end_job(turn, job, JobStatus.CANCELED)
    tell_job(turn, job, JobCanceled)


def expire_job(turn: Turn, job: Job) -> None:
    message = "the deadline passed before the job was done"
    job.error = JobError(code="deadline_passed", message=message)
    end_job(turn, job, JobStatus.EXPIRED)
    tell_job(turn, job, JobExpired)


def end_job(turn: Turn, job: Job, status: JobStatus) -> None:
    """Take a job out of the state; from now on only the database knows it."""
    if job.status is JobStatus.QUEUED:
        leave_queue(turn, job)
    job.finished_at = turn.now.wall
    job.attempt = None
    change(turn, job, status)
    del turn.state.jobs[job.id]
    turn.known.jobs[job.id] = job


def leave_queue(turn: Turn, job: Job) -> None:
    state = turn.state
    state.waiting.discard(job)
    state.queued[job.owner_id] -= 1
    if not state.queued[job.owner_id]:
        del state.queued[job.owner_id]


def change(turn: Turn, job: Job, status: JobStatus) -> None:
    job.status = status
    job.version += 1
    turn.effects.save_job(job)


def end_attempt(turn: Turn, attempt: Attempt, outcome: str, cause: Cause | None = None) -> None:
    """Close an attempt; its job goes its own way."""
    attempt.ended_at, attempt.outcome, attempt.cause = turn.now.wall, outcome, cause
    del turn.state.attempts[attempt.id]
    node = turn.state.nodes.get(attempt.node_id)
    if node:
        node.attempts.pop(attempt.id, None)
    turn.effects.attempts[attempt.id] = attempt
    turn.effects.settled.append(attempt.id)


def attempt_of(turn: Turn, attempt_id: UUID) -> Attempt | None:
    """The attempt, if it is live."""
    return turn.state.attempts.get(attempt_id)
