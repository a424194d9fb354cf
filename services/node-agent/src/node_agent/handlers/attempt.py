"""The life of one attempt: prepare, post, follow, collect, report.

The slot is held from the POST to the end of the execution; uploads go on beside the next
prompt, at most eight, and a ninth keeps the slot.
"""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from contracts.agent import AttemptResult, Cause, FinishAttempt, Outcome
from contracts.errors import OperationError, UnavailableError
from contracts.scheduler.nodes import AttemptPhase
from node_agent.domain.admission import StaleClaimError
from node_agent.domain.outcome import Failed, Interrupted, executed_between, verdict
from node_agent.handlers.collect import collect
from node_agent.handlers.ending import EndedError, canceled, ended_by, failure, unless_canceled
from node_agent.handlers.follow import follow
from node_agent.handlers.node import Attempt, Node
from node_agent.handlers.post import post, take_back
from node_agent.handlers.prepare import find_version, prepare
from node_agent.ports import UnreachableError, Version
from runtime.process.telemetry import span

log = structlog.get_logger()


async def run_attempt(node: Node, attempt: Attempt) -> None:
    """A new order, to its end."""
    await carry_out(node, attempt, execute(node, attempt))


async def carry_out(node: Node, attempt: Attempt, work: Awaitable[AttemptResult]) -> None:
    order = attempt.order
    ids = {"job_id": str(order.job_id), "attempt_id": str(order.attempt_id)}
    with bound_contextvars(**ids), span("attempt", parent=order.trace, attributes=ids):
        result = await result_of(node, attempt, work)
        node.enter(attempt, AttemptPhase.REPORTING)
        await report(node, attempt.id, result)
        node.forget(attempt)
        cause = result.cause.value if result.cause else None
        log.info("attempt_ended", outcome=result.outcome.value, cause=cause)


async def result_of(node: Node, attempt: Attempt, work: Awaitable[AttemptResult]) -> AttemptResult:
    try:
        return await work
    except EndedError as error:
        return error.result
    except StaleClaimError:
        raise
    except Exception:
        log.exception("attempt_broke")
        node.gone.add(attempt.id, node.now)  # so that the probe takes its prompt back
        return broken(attempt).result


def broken(attempt: Attempt) -> EndedError:
    """The agent, or the machine below it, failed: not the workflow, so it is tried elsewhere."""
    cause = Cause.INPUT if attempt.phase is AttemptPhase.PREPARING else Cause.OUTPUT
    return failure(cause, "agent_error", "The agent failed at it; its log says why.")


async def execute(node: Node, attempt: Attempt) -> AttemptResult:
    version = await unless_canceled(attempt, find_version(node, attempt))
    with span("stage"):
        graph = await unless_canceled(attempt, prepare(node, attempt, version))
    await unless_canceled(attempt, node.slot.acquire())
    try:
        with span("post"):
            await post(node, attempt, graph)
        with span("execute"):
            entry = await follow(node, attempt)
        await settle(node, attempt, entry)
    finally:
        node.slot.release()
    return await finish(node, attempt, version, entry)


async def settle(node: Node, attempt: Attempt, entry: dict[str, Any]) -> None:
    """Still in the slot: raise Ended unless it succeeded, and get a place to upload."""
    outcome = verdict(entry)
    if attempt.canceled.is_set():
        raise canceled()
    match outcome:
        case Interrupted():
            raise canceled()  # by a person at ComfyUI itself: the scheduler did not ask for it
        case Failed():
            await after_failure(node, outcome)
            raise ended_by(outcome)
        case _:
            await unless_canceled(attempt, node.uploads.acquire())


async def after_failure(node: Node, outcome: Failed) -> None:
    if outcome.cause is not Cause.OUT_OF_MEMORY:
        return
    try:
        await node.comfy.free()
    except UnreachableError as error:
        log.info("memory_not_freed", reason=error.message)


async def finish(
    node: Node, attempt: Attempt, version: Version, entry: dict[str, Any]
) -> AttemptResult:
    """Bring the results home; the caller took a place among the uploads."""
    node.enter(attempt, AttemptPhase.UPLOADING)
    try:
        with span("upload"):
            outputs = await unless_canceled(attempt, collect(node, attempt, version, entry))
    finally:
        node.uploads.release()
    started_at, seconds = executed_between(entry)
    return AttemptResult(
        outcome=Outcome.COMPLETED,
        outputs=outputs,
        started_at=datetime.fromtimestamp(started_at, UTC) if started_at else None,
        executed_seconds=seconds,
    )


async def report(node: Node, attempt_id: UUID, result: AttemptResult) -> None:
    """Say how it ended until the scheduler has heard it."""
    message = FinishAttempt(node_id=node.id, claim=node.claim, attempt_id=attempt_id, result=result)
    pause = node.tools.tuning.backoff_seconds
    while not node.is_removed:
        try:
            await node.tools.calls.call(message)
        except UnavailableError as error:
            log.info("report_unanswered", reason=error.message)
        except OperationError as error:
            if error.code == StaleClaimError.code:
                raise StaleClaimError(error.message) from error
            log.warning("report_refused", reason=error.message)
            return
        else:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, node.tools.tuning.longest_backoff_seconds)


async def report_canceled(node: Node, attempt_id: UUID) -> None:
    """An attempt that is not in hand: it shall not run, and nobody shall wait for it."""
    await take_back(node, str(attempt_id))
    await report(node, attempt_id, canceled().result)
