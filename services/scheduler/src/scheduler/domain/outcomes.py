"""Decides what a job does when one of its attempts ends."""

from uuid import UUID

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.errors import ConflictError
from contracts.message import Accepted
from contracts.scheduler.jobs import JobError, JobStatus
from scheduler.domain.context import StepContext
from scheduler.domain.health import record_failure, record_success
from scheduler.domain.jobs import POSTED_PHASES, Attempt, Job
from scheduler.domain.lifecycle import (
    complete_job,
    end_attempt,
    fail_job,
    finish_cancel,
    requeue_job,
    start_job,
)
from scheduler.domain.nodes import Node
from scheduler.domain.refusals import keep_from_refusers, learn_refusal
from scheduler.domain.retry import TABLE, count_failure
from scheduler.domain.usage import take_seconds

VERSIONS_KEPT = 10_000
REFUSED_KEPT = 100
LONGEST_REST_SECONDS = 30.0
NEWEST_WEIGHT = 0.2


def finish_attempt(context: StepContext, command: FinishAttempt) -> Accepted:
    """Apply the first report of an attempt's end; later reports change nothing."""
    node = context.state.nodes.get(command.node_id)
    if node is None or command.claim != node.claim:
        raise ConflictError("another agent owns the node now", code="stale_claim")
    attempt = node.attempts.get(command.attempt_id)
    if attempt:
        apply_end(context, attempt, command.end)
    node.contact.recalled -= {command.attempt_id}
    return Accepted()


def apply_end(context: StepContext, attempt: Attempt, end: AttemptEnd) -> None:
    attempt.is_reported = True
    take_seconds(attempt, end.executed_seconds)
    attempt.timings = end.timings
    if attempt.job.status is JobStatus.CANCELING:
        end_attempt(context, attempt, Outcome.CANCELED)
        finish_cancel(context, attempt.job)
    elif end.outcome is Outcome.COMPLETED:
        end_attempt(context, attempt, Outcome.COMPLETED)
        if attempt.job.status is JobStatus.QUEUED:  # no beat said that it had begun
            start_job(context, attempt)
        record_success(context, attempt)
        update_mean_seconds(context, attempt)
        complete_job(context, attempt.job, end.outputs)
    elif end.outcome is Outcome.CANCELED and end.is_moved:
        # The report says so, since the leader that recalled it may be gone.
        end_attempt(context, attempt, Outcome.CANCELED)
        attempt.job.retry.refused += 1
        requeue_job(context, attempt.job, "moved", 0.0)
    elif end.outcome is Outcome.CANCELED:
        # The scheduler did not recall it: somebody stopped it in the engine itself.
        fail_attempt(context, attempt, Cause.STOPPED, None)
    elif is_refused_here_only(context, attempt, end):
        fail_attempt(context, attempt, Cause.MISSING, end.error)
    else:
        fail_attempt(context, attempt, cause_of(attempt, end), end.error)


def is_refused_here_only(context: StepContext, attempt: Attempt, end: AttemptEnd) -> bool:
    """Return whether another server may take the value that this one refused."""
    job, node = attempt.job, context.state.nodes.get(attempt.node_id)
    if node is None or not learn_refusal(context.state, job, node, end):
        return False
    return keep_from_refusers(context.state, job) is None


def cause_of(attempt: Attempt, end: AttemptEnd) -> Cause:
    """Return the cause that the retry table counts.

    If the engine no longer knows a posted attempt, it crashed while running it: cause POISON.
    An attempt that had not begun was removed from the queue, by a person or by a restart.
    """
    cause = end.cause or Cause.WORKFLOW
    if cause is not Cause.LOST:
        return cause
    if attempt.is_pending:
        return Cause.UNREACHABLE
    return Cause.POISON if attempt.phase in POSTED_PHASES else Cause.LOST


def fail_attempt(
    context: StepContext, attempt: Attempt, cause: Cause, error: JobError | None
) -> None:
    """Close a failed attempt; the retry table decides whether its job tries again or fails."""
    job, node = attempt.job, context.state.nodes.get(attempt.node_id)
    error = error or JobError(code=cause, message=MESSAGES[cause])
    end_attempt(context, attempt, Outcome.FAILED, cause)
    if job.status is JobStatus.CANCELING:
        finish_cancel(context, job)
        return
    record_failure(context, attempt, cause, error.message)
    if node:
        learn_of_node(context, node, attempt, cause)
    if is_jobs_fault(job, cause, attempt.node_id):
        cause, delay_seconds = Cause.POISON, None
    else:
        delay_seconds = count_failure(job, cause, attempt.node_id)
    if delay_seconds is None:
        fail_job(context, job, error.model_copy(update={"cause": cause}))
    else:
        job.patient_until = context.now.steady + TABLE[cause].patience_seconds
        requeue_job(context, job, cause, delay_seconds)


def is_jobs_fault(job: Job, cause: Cause, node_id: UUID) -> bool:
    """Return whether a second accelerator broke under the job: then the job breaks them."""
    if cause is not Cause.NODE_FAULT:
        return False
    job.retry.faulted_on = job.retry.faulted_on or node_id
    return job.retry.faulted_on != node_id


MESSAGES: dict[Cause, str] = {
    Cause.UNREACHABLE: "the node went away before the job started",
    Cause.LOST: "the node went away while the job ran",
    Cause.NODE_FAULT: "the accelerator or the disk of the node is broken",
    Cause.OUT_OF_MEMORY: "the node ran out of GPU memory",
    Cause.MISSING: "a model or a custom node is missing",
    Cause.WORKFLOW: "the workflow raised an error",
    Cause.TIMEOUT: "the job ran longer than it may",
    Cause.POISON: "the engine crashed while it ran the job",
    Cause.STOPPED: "somebody stopped it in the engine itself",
    Cause.OUTPUT: "the results could not be stored",
    Cause.INPUT: "the inputs could not be staged",
    Cause.UNAVAILABLE: "its workflow version or its input files could not be read",
}


def learn_of_node(context: StepContext, node: Node, attempt: Attempt, cause: Cause) -> None:
    """Note what the failure says about the node: it lacks a file, memory, or a living engine.

    A missing file bars this job alone from the node, until the node changes: the version's other
    jobs may name other files.
    """
    job = attempt.job
    if cause is Cause.MISSING:
        job.retry.refused_by |= {(node.id, node.capabilities.digest)}
        if len(node.refused_versions) >= REFUSED_KEPT:
            del node.refused_versions[next(iter(node.refused_versions))]
        node.refused_versions[job.request.version_hash] = None
    elif cause is Cause.OUT_OF_MEMORY:
        job.retry.outgrown_mb = max(job.retry.outgrown_mb, node.capabilities.vram_mb)
    elif cause is Cause.UNREACHABLE:
        rest(context, node)


def rest(context: StepContext, node: Node) -> None:
    """Give the node no job for a while: 1 s, and twice as long after each further refusal."""
    node.refusals += 1
    seconds = min(2.0 ** (node.refusals - 1), LONGEST_REST_SECONDS)
    node.rests_until = context.now.steady + seconds


def update_mean_seconds(context: StepContext, attempt: Attempt) -> None:
    """Move the mean execution time of the version towards this attempt's."""
    seconds, version = attempt.executed_seconds, attempt.job.request.version_hash
    if seconds is None:
        seconds = context.state.clock.now - attempt.asked_at
    means = context.state.mean_seconds
    mean = means.pop(version, seconds)
    if len(means) >= VERSIONS_KEPT:
        del means[next(iter(means))]
    means[version] = mean + NEWEST_WEIGHT * (seconds - mean)


def block_and_recall(context: StepContext, node: Node, attempt_id: UUID) -> None:
    """Recall an attempt that is over. Its node gets no job until it has stopped."""
    node.contact.recalled |= {attempt_id}
    context.effects.recall(node, attempt_id)
