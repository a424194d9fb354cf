"""How attempts end, and what their jobs do then."""

from math import isfinite
from uuid import UUID

from contracts.agent import Accepted, AttemptResult, Cause, FinishAttempt, Outcome
from contracts.errors import ConflictError, OperationError
from contracts.scheduler.jobs import JobError, JobStatus
from scheduler.domain.effects import Recall
from scheduler.domain.health import blame_node, praise_node
from scheduler.domain.jobs import STARTED_PHASES, Attempt
from scheduler.domain.lifecycle import (
    cancel_job,
    complete_job,
    end_attempt,
    fail_job,
    requeue_job,
)
from scheduler.domain.nodes import Node
from scheduler.domain.retry import Again, strike
from scheduler.domain.turn import Turn

VERSIONS_KEPT = 10_000
LONGEST_REST_SECONDS = 30.0
NEWEST_WEIGHT = 0.2


def finish(turn: Turn, report: FinishAttempt) -> Accepted:
    """Take the first report of an attempt's end; a later one changes nothing."""
    node = turn.state.nodes.get(report.node_id)
    if node is None or report.claim != node.claim:
        raise ConflictError("another agent owns the node now", code="stale_claim")
    attempt = node.attempts.get(report.attempt_id)
    if attempt:
        settle(turn, attempt, report.result)
    node.contact.strangers -= {report.attempt_id}
    return Accepted()


def settle(turn: Turn, attempt: Attempt, result: AttemptResult) -> None:
    """Close an attempt as its node says it ended."""
    seconds = result.executed_seconds
    attempt.executed_seconds = seconds if seconds is not None and isfinite(seconds) else None
    if attempt.job.status is JobStatus.CANCELING:
        end_attempt(turn, attempt, Outcome.CANCELED)
        cancel_job(turn, attempt.job)
    elif result.outcome is Outcome.COMPLETED:
        end_attempt(turn, attempt, Outcome.COMPLETED)
        praise_node(turn, attempt)
        learn(turn, attempt)
        complete_job(turn, attempt.job, result.outputs)
    elif result.outcome is Outcome.CANCELED:
        # Nobody here asked for it: somebody stopped it on the ComfyUI itself.
        fail_attempt(turn, attempt, Cause.LOST, None)
    else:
        fail_attempt(turn, attempt, cause_of(attempt, result), result.error)


def cause_of(attempt: Attempt, result: AttemptResult) -> Cause:
    """Row of the retry table: a ComfyUI that forgot a prompt it had, died under it."""
    cause = result.cause or Cause.WORKFLOW
    if cause is not Cause.LOST:
        return cause
    if attempt.phase in STARTED_PHASES:
        return Cause.POISON
    return Cause.LOST if attempt.has_started else Cause.UNREACHABLE


def fail_attempt(turn: Turn, attempt: Attempt, cause: Cause, error: JobError | None) -> None:
    """Close a failed attempt; its job tries again, or fails, as the retry table says."""
    job, node = attempt.job, turn.state.nodes.get(attempt.node_id)
    error = error or JobError(code=cause, message=MESSAGES[cause])
    end_attempt(turn, attempt, Outcome.FAILED, cause)
    if job.status is JobStatus.CANCELING:
        cancel_job(turn, job)
        return
    blame_node(turn, attempt, cause, error.message)
    if node:
        correct_node(turn, node, attempt, cause)
    again = strike(job, cause, attempt.node_id)
    if again is None:
        fail_job(turn, job, error.model_copy(update={"cause": cause}))
    else:
        if cause is Cause.OUT_OF_MEMORY and node:
            again = Again(again.delay_seconds, smaller_nodes(turn, node))
        requeue_job(turn, job, cause, again)


MESSAGES: dict[Cause, str] = {
    Cause.UNREACHABLE: "the node went away before the job started",
    Cause.LOST: "the node went away while the job ran",
    Cause.NODE_FAULT: "the accelerator or the disk of the node is broken",
    Cause.OUT_OF_MEMORY: "the node ran out of GPU memory",
    Cause.MISSING: "a model or a custom node is missing",
    Cause.WORKFLOW: "the workflow raised an error",
    Cause.TIMEOUT: "the job ran longer than it may",
    Cause.POISON: "ComfyUI died while it ran the job",
    Cause.OUTPUT: "the results could not be stored",
    Cause.INPUT: "the inputs could not be staged",
}


def correct_node(turn: Turn, node: Node, attempt: Attempt, cause: Cause) -> None:
    """Learn from a failure what its node cannot do, or not now."""
    if cause is Cause.MISSING:
        node.lacks.add(attempt.job.spec.version_hash)
        turn.state.capable.clear()
    elif cause is Cause.UNREACHABLE:
        node.refusals += 1
        node.rests_until = turn.now.steady + min(2.0 ** (node.refusals - 1), LONGEST_REST_SECONDS)


def smaller_nodes(turn: Turn, node: Node) -> frozenset[UUID]:
    """Nodes with no more GPU memory than this one, itself included."""
    return frozenset(
        other.id
        for other in turn.state.nodes.values()
        if other.abilities.vram_mb <= node.abilities.vram_mb
    )


def learn(turn: Turn, attempt: Attempt) -> None:
    """Remember how long the version executes: a moving mean."""
    seconds, version = attempt.executed_seconds, attempt.job.spec.version_hash
    if seconds is None:
        seconds = (turn.now.wall - attempt.created_at).total_seconds()
    known = turn.state.seconds
    mean = known.pop(version, seconds)
    if len(known) >= VERSIONS_KEPT:
        del known[next(iter(known))]
    known[version] = mean + NEWEST_WEIGHT * (seconds - mean)


def accept_order(turn: Turn, attempt_id: UUID, refusal: OperationError | None) -> None:
    """A node answered an order: it will run the attempt, or not."""
    attempt = turn.state.attempts.get(attempt_id)
    if attempt is None or attempt.job.status is JobStatus.CANCELING:
        return
    if refusal is None:
        attempt.answered_at = attempt.answered_at or turn.now.steady
        turn.state.nodes[attempt.node_id].refusals = 0
    elif not attempt.has_started:
        error = JobError(code=refusal.code, message=refusal.message)
        fail_attempt(turn, attempt, Cause.UNREACHABLE, error)


def accept_recall(turn: Turn, attempt_id: UUID) -> None:
    """A node will stop an attempt; when it lists it no more, the attempt is over."""
    attempt = turn.state.attempts.get(attempt_id)
    if attempt and attempt.answered_at is None:
        attempt.answered_at = turn.now.steady


def recall(turn: Turn, node: Node, attempt_id: UUID) -> None:
    """Stop what is over for us; until then it takes the node's slot."""
    node.contact.strangers |= {attempt_id}
    turn.effects.recalls.append(Recall(node.id, node.claim, attempt_id))
