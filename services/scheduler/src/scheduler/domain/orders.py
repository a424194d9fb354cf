"""Takes the answers of agents to orders and recalls, and gives up those that stay without one.

An order has six seconds in which its node is heard. A node that beats, and neither answers nor
lists the attempt, does not have it: the job goes to another node.
"""

from uuid import UUID

from contracts.agent import Cause, Outcome
from contracts.errors import UnavailableError
from contracts.scheduler.jobs import JobError, JobStatus
from scheduler.domain.context import StepContext
from scheduler.domain.jobs import Attempt
from scheduler.domain.leases import NOT_STARTED_SECONDS
from scheduler.domain.lifecycle import end_attempt, finish_cancel, requeue_job
from scheduler.domain.nodes import Node
from scheduler.domain.occurrences import OrderAnswered
from scheduler.domain.outcomes import fail_attempt, rest
from scheduler.domain.retry import TABLE

STALE_CODES = frozenset({"stale_claim", "stale_epoch"})
"""Refusals of an agent that holds another claim, or knows another leader. They say nothing about
the agent that the order was for, so they count as no answer."""


def take_order_answer(context: StepContext, answer: OrderAnswered) -> None:
    """Note that a node accepted an attempt, or place the job elsewhere after a refusal.

    An agent accepts what it has, so a refusal under the newest claim says that the engine does
    not have the attempt. A refusal after an acceptance is older than that and counts no more.
    """
    attempt, refusal = context.state.attempts.get(answer.attempt_id), answer.refusal
    if attempt is None or attempt.job.status is JobStatus.CANCELING:
        return
    node = context.state.nodes[attempt.node_id]
    if answer.claim != node.claim:
        return
    if refusal is None:
        attempt.confirmed_at = attempt.confirmed_at or context.state.clock.now
        node.refusals = 0
    elif attempt.confirmed_at is not None or refusal.code in STALE_CODES:
        return
    elif isinstance(refusal, UnavailableError):
        give_back(context, attempt)
    else:
        error = JobError(code=refusal.code, message=refusal.message)
        fail_attempt(context, attempt, Cause.UNREACHABLE, error)


def take_recall_answer(context: StepContext, attempt_id: UUID) -> None:
    """Note that a node stops an attempt; the first two beats without it end the attempt."""
    attempt = context.state.attempts.get(attempt_id)
    if attempt and attempt.confirmed_at is None:
        attempt.confirmed_at = context.state.clock.now


def is_unanswered(attempt: Attempt, node: Node) -> bool:
    """Return whether the node was heard for 6 s and neither answered nor listed the attempt."""
    heard_seconds = node.contact.heard_at - attempt.asked_at
    return attempt.confirmed_at is None and heard_seconds > NOT_STARTED_SECONDS


def give_back(context: StepContext, attempt: Attempt) -> None:
    """Let the job of an attempt that no agent took wait again: that is no failure of the job."""
    job, node = attempt.job, context.state.nodes.get(attempt.node_id)
    end_attempt(context, attempt, Outcome.FAILED, Cause.UNREACHABLE)
    if node:
        rest(context, node)
    if job.status is JobStatus.CANCELING:
        finish_cancel(context, job)
        return
    job.retry.refused += 1
    job.retry.avoid |= {attempt.node_id}
    job.patient_until = context.now.steady + TABLE[Cause.UNREACHABLE].patience_seconds
    requeue_job(context, job, Cause.UNREACHABLE, 0.0)
