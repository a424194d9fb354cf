"""Runs one attempt from its order to its report: prepare, run, upload, report.

The slot is held from the start to the end of the execution. Uploads go on beside the next
attempt, at most eight, and a ninth keeps the slot.
"""

import asyncio
from collections.abc import Awaitable
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from contracts.agent import AttemptEnd, Cause, FinishAttempt, Outcome
from contracts.errors import OperationError
from contracts.scheduler.claims import AttemptPhase
from contracts.scheduler.jobs import Progress
from contracts.scheduler.timings import Timings
from node_agent.domain.admission import STALE_CLAIM
from node_agent.domain.endings import (
    AttemptEndedError,
    InputsLostError,
    canceled_error,
    failed_error,
)
from node_agent.handlers.inputs import find_version, stage
from node_agent.handlers.results import store_results
from node_agent.handlers.retry import retried
from node_agent.ports import EngineTask, EngineWork, Execution, Preview, Version
from node_agent.service import Attempt, Claim
from runtime.process.telemetry import span

log = structlog.get_logger()
LEADER_CHECK_SECONDS = 0.2
DISCARD_SECONDS = 60.0


async def run_and_report(claim: Claim, attempt: Attempt, ending: Awaitable[AttemptEnd]) -> None:
    order = attempt.order
    ids = {"job_id": str(order.job_id), "attempt_id": str(order.attempt_id)}
    with bound_contextvars(**ids), span("attempt", parent=order.trace, attributes=ids):
        end = await end_of(attempt, ending)
        measured = {"executed_seconds": attempt.stopwatch.seconds, "timings": attempt.timings}
        end = end.model_copy(update=measured)
        claim.enter(attempt, AttemptPhase.REPORTING)
        if end.cause is Cause.MISSING:
            claim.reported.outdated.set()
        await report_end(claim, attempt.id, end)
        claim.forget(attempt)
        await discard(claim, attempt.id)
        cause = end.cause.value if end.cause else None
        log.info("attempt_ended", outcome=end.outcome.value, cause=cause)


async def end_of(attempt: Attempt, ending: Awaitable[AttemptEnd]) -> AttemptEnd:
    try:
        return await ending
    except AttemptEndedError as error:
        return error.end
    except Exception:  # the outermost loop of an attempt: a bug here must not end the others
        log.exception("attempt_broke")
        # The agent, or the machine below it, failed: not the workflow, so it is tried elsewhere.
        cause = Cause.INPUT if attempt.phase is AttemptPhase.PREPARING else Cause.OUTPUT
        text = "The agent failed while it handled this attempt; see the agent's log."
        return failed_error(cause, "agent_error", text).end


async def stage_run_upload(claim: Claim, attempt: Attempt) -> AttemptEnd:
    task = engine_task(claim, attempt)
    version = await attempt.unless_canceled(find_version(claim, attempt))
    with span("stage"):
        files = await attempt.unless_canceled(stage(claim, attempt))
        work = claim.engine.prepare(task, version, attempt.order.inputs, files)
    await attempt.unless_canceled(claim.attempts.slot.acquire())
    try:
        await attempt.unless_canceled(until_led(claim))
        claim.enter(attempt, AttemptPhase.POSTED)
        execution = await stoppable(claim, attempt, run_engine(claim, attempt, task, work))
        await attempt.unless_canceled(claim.attempts.uploads.acquire())
    finally:
        claim.attempts.slot.release()
    return await upload_results(claim, attempt, version, execution)


def engine_task(claim: Claim, attempt: Attempt) -> EngineTask:
    def progressed(progress: Progress) -> None:
        attempt.progress, attempt.is_progress_new = progress, True
        claim.progressed.set()

    def previewed(preview: Preview) -> None:
        attempt.preview = preview

    def timed(timings: Timings | None) -> None:
        attempt.timings = timings

    return EngineTask(
        attempt_id=attempt.id,
        timeout_seconds=attempt.order.timeout_seconds,
        progressed=progressed,
        previewed=previewed,
        is_watched=lambda: claim.agent.is_watched(attempt.order),
        stopwatch=attempt.stopwatch,
        timed=timed,
    )


async def until_led(claim: Claim) -> None:
    """Wait for a leader: a silent scheduler may have given the job to another node."""
    while not claim.is_led:  # noqa: ASYNC110  a pure value, no event
        await asyncio.sleep(LEADER_CHECK_SECONDS)


async def run_engine(
    claim: Claim, attempt: Attempt, task: EngineTask, work: EngineWork
) -> Execution:
    try:
        return await claim.engine.run(task, work)
    except InputsLostError:
        if not attempt.order.media:
            raise
    await stage(claim, attempt)
    return await claim.engine.run(task, work)


async def stoppable(claim: Claim, attempt: Attempt, work: Awaitable[Execution]) -> Execution:
    """Return the execution; if the attempt is canceled, stop it in the engine.

    Raises AttemptEndedError if it failed or was canceled.
    """
    try:
        execution = await attempt.unless_canceled(work)
    except AttemptEndedError as error:
        if not attempt.canceled.is_set():
            raise
        if not await claim.engine.cancel(attempt.id):
            log.warning("attempt_not_stopped")
        raise canceled_error(is_moved=attempt.is_moved) from error
    finally:
        attempt.stopwatch.stop()
    if attempt.is_moved:  # it ended before it could be taken out of the engine
        attempt.is_moved = False
        attempt.canceled.clear()
    if attempt.canceled.is_set():
        raise canceled_error()
    return execution


async def upload_results(
    claim: Claim, attempt: Attempt, version: Version, execution: Execution
) -> AttemptEnd:
    """Store the results, and release `uploads`, which the caller has acquired."""
    claim.enter(attempt, AttemptPhase.UPLOADING)
    try:
        with span("upload"):
            found = execution.results_for(version.spec)
            outputs = await attempt.unless_canceled(store_results(claim, attempt, version, found))
    finally:
        claim.attempts.uploads.release()
    return AttemptEnd(outcome=Outcome.COMPLETED, outputs=outputs)


async def discard(claim: Claim, attempt_id: UUID) -> None:
    """Free the engine's copies, now that nobody reads them again: the end was answered.

    If the engine is silent for long, `tidy` frees them after the next claim.
    """
    try:
        await retried(lambda: claim.engine.discard(attempt_id), within=DISCARD_SECONDS)
    except OperationError as error:
        log.info("attempt_not_discarded", reason=error.message)


async def report_end(claim: Claim, attempt_id: UUID, end: AttemptEnd) -> None:
    """Report the end of the attempt until the scheduler answers."""
    message = FinishAttempt(node_id=claim.id, claim=claim.number, attempt_id=attempt_id, end=end)

    async def send() -> None:
        if not claim.attempts.is_node_removed:
            await claim.agent.bus.call(message)

    try:
        await retried(send, within=None)
    except OperationError as error:
        if error.code == STALE_CLAIM:
            raise
        log.warning("report_refused", reason=error.message)


async def stop_and_report(claim: Claim, attempt_id: UUID) -> None:
    """Stop an attempt that this claim does not run, and report it as canceled."""
    await claim.engine.cancel(attempt_id)
    await report_end(claim, attempt_id, canceled_error().end)
