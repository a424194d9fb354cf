"""Follows orders of the scheduler: runs an attempt, or makes sure that it does not run."""

from uuid import UUID

from contracts.agent import CancelAttempt, RunAttempt
from contracts.errors import UnavailableError
from contracts.message import Accepted
from node_agent.domain.admission import refuse_excess, refuse_stale
from node_agent.handlers.attempts import run_and_report, stage_run_upload, stop_and_report
from node_agent.handlers.beats import is_pending
from node_agent.service import Attempt, Claim, NodeAgent


async def accept_attempt(agent: NodeAgent, command: RunAttempt) -> Accepted:
    """Accept an attempt. A repeated order changes nothing."""
    claim, leadership = agent.claim_of(command.node_id), agent.leadership
    refuse_stale(claim.number, leadership.epoch, command)
    leadership.heard(command.epoch, leadership.heard_at)
    attempt = Attempt(command.order)
    if attempt.id in claim.attempts.live:
        return Accepted()
    if attempt.id in claim.attempts.must_not_run:
        # a cancel overtook the order, or its report and this repetition crossed
        claim.tasks.spawn(stop_and_report(claim, attempt.id), name=f"canceled {attempt.id}")
        return Accepted()
    refuse_if_busy(claim, attempt.id)
    claim.attempts.live[attempt.id] = attempt
    if claim.server:
        claim.server.took_attempt()
    ending = stage_run_upload(claim, attempt)
    claim.tasks.spawn(run_and_report(claim, attempt, ending), name=f"attempt {attempt.id}")
    return Accepted()


def refuse_if_busy(claim: Claim, attempt_id: UUID) -> None:
    """Raise if the node cannot take the attempt now.

    A refusal is final: the scheduler gives the job to another node, and this order may be repeated
    or come late all the same.
    """
    attempts, server = claim.attempts, claim.server
    is_closed = server is not None and server.refuses
    if attempt_id in attempts.refused:
        raise UnavailableError("The node refused this attempt before.", code="refused")
    try:
        refuse_excess(
            [attempt.phase for attempt in attempts.live.values()],
            is_led=claim.is_led,
            is_usable=claim.engine.health().is_usable and not is_closed,
        )
    except UnavailableError:
        attempts.refused[attempt_id] = None
        raise


async def cancel_attempt(agent: NodeAgent, command: CancelAttempt) -> Accepted:
    """Stop the attempt if the node has it, and refuse its order if it comes later."""
    claim, attempt_id = agent.claim_of(command.node_id), command.attempt_id
    refuse_stale(claim.number, agent.leadership.epoch, command)
    if command.is_move:
        move_pending(claim, attempt_id)
        return Accepted()
    is_known = attempt_id in claim.attempts.must_not_run
    claim.attempts.must_not_run[attempt_id] = None
    if attempt := claim.attempts.live.get(attempt_id):
        attempt.is_moved = False
        attempt.canceled.set()
    elif not is_known:
        claim.tasks.spawn(stop_and_report(claim, attempt_id), name=f"canceled {attempt_id}")
    return Accepted()


def move_pending(claim: Claim, attempt_id: UUID) -> None:
    """Stop the attempt only if it waits in the engine: work that has begun is not thrown away."""
    attempt = claim.attempts.live.get(attempt_id)
    if attempt and is_pending(attempt, claim.engine.health()) and not attempt.canceled.is_set():
        attempt.is_moved = True
        attempt.canceled.set()
