"""Takes over attempts that another agent, or this one before a crash, left on a node.

Recorded results come first, then the engine is asked: work that the GPU has done or is doing is
not repeated, as long as the node is heard again within 30 s.
"""

import asyncio
from collections.abc import Sequence

import structlog

from contracts.agent import AttemptEnd, AttemptOrder, Outcome
from contracts.errors import OperationError
from contracts.media.attempts import FindResults
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.jobs import Output
from node_agent.handlers.attempts import engine_task, run_and_report, stoppable, upload_results
from node_agent.handlers.inputs import find_version
from node_agent.handlers.retry import retried
from node_agent.ports import UnreachableError
from node_agent.service import Attempt, Attempts, Claim

log = structlog.get_logger()
MEDIA_SECONDS = 7.0
RETRY_SECONDS = 0.5


def to_adopt(orders: Sequence[AttemptOrder]) -> Attempts:
    """Return the attempts that a claim begins with: their orders must not run them anew."""
    adopted = (Attempt(order, AttemptPhase.ADOPTING) for order in orders)
    return Attempts({attempt.id: attempt for attempt in adopted})


async def adopt(claim: Claim) -> None:
    """Find each live attempt or its loss; new orders are refused until then. Then tidy up."""
    for attempt in list(claim.attempts.live.values()):
        await locate(claim, attempt)
    claim.beat_due.set()
    await tidy(claim)


async def tidy(claim: Claim) -> None:
    """Discard what the agents before could not, once the engine answers."""
    await retried(lambda: claim.engine.tidy(claim.attempts.live), within=None)


async def locate(claim: Claim, attempt: Attempt) -> None:
    recorded = await recorded_outputs(claim, attempt)
    if recorded is not None:
        reporting = run_and_report(claim, attempt, completed(recorded))
        claim.tasks.spawn(reporting, name=f"recorded {attempt.id}")
        return
    is_inside = await is_in_engine(claim, attempt)
    log.info("attempt_adopted", attempt_id=str(attempt.id), is_inside=is_inside)
    ending = resume(claim, attempt, is_inside=is_inside)
    claim.tasks.spawn(run_and_report(claim, attempt, ending), name=f"adopted {attempt.id}")
    await asyncio.sleep(0)  # let it be the first to wait for the slot


async def recorded_outputs(claim: Claim, attempt: Attempt) -> list[Output] | None:
    """Return what media recorded; None if nothing, or if media does not answer.

    Recording again is harmless.
    """
    query = FindResults(node_id=claim.id, grant=attempt.order.grant)
    try:
        found = await retried(lambda: claim.agent.bus.call(query), within=MEDIA_SECONDS)
    except OperationError as error:
        log.info("results_unknown", attempt_id=str(attempt.id), reason=error.message)
        return None
    return found.outputs if found.is_recorded else None


async def is_in_engine(claim: Claim, attempt: Attempt) -> bool:
    """Wait for the engine: the scheduler decides how long an unreachable node may keep it."""
    while not attempt.canceled.is_set():
        try:
            return await claim.engine.has_attempt(attempt.id)
        except UnreachableError:
            await asyncio.sleep(RETRY_SECONDS)
    return False


async def completed(outputs: list[Output]) -> AttemptEnd:
    return AttemptEnd(outcome=Outcome.COMPLETED, outputs=outputs)


async def resume(claim: Claim, attempt: Attempt, *, is_inside: bool) -> AttemptEnd:
    """Follow the attempt to its end. Only an attempt inside the engine takes the slot."""
    if is_inside:
        # not before it is found: an attempt that never started did not kill its server
        claim.enter(attempt, AttemptPhase.POSTED)
        await claim.attempts.slot.acquire()
    try:
        work = claim.engine.resume(engine_task(claim, attempt))
        execution = await stoppable(claim, attempt, work)
        version = await attempt.unless_canceled(find_version(claim, attempt))
        await attempt.unless_canceled(claim.attempts.uploads.acquire())
    finally:
        if is_inside:
            claim.attempts.slot.release()
    return await upload_results(claim, attempt, version, execution)
