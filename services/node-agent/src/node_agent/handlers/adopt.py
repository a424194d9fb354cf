"""Taking over what another agent, or this one before a crash, left on a node.

Recorded results, then `/history`, then `/queue`: work that the GPU has done or is doing is
never repeated.
"""

import asyncio
from collections.abc import Sequence

import structlog

from contracts.agent import AttemptOrder, AttemptResult, Outcome
from contracts.errors import OperationError
from contracts.media.attempts import FindResults
from contracts.scheduler.jobs import Output
from contracts.scheduler.nodes import AttemptPhase
from node_agent.handlers.attempt import carry_out, finish, settle
from node_agent.handlers.ending import patiently, unless_canceled
from node_agent.handlers.follow import follow
from node_agent.handlers.node import Attempt, Node
from node_agent.handlers.prepare import find_version
from node_agent.ports import UnreachableError

log = structlog.get_logger()
MEDIA_PATIENCE_SECONDS = 10.0
RETRY_SECONDS = 0.5


async def adopt(node: Node, orders: Sequence[AttemptOrder]) -> None:
    """Look for every live attempt, and refuse new orders until each is found or lost."""
    attempts = [Attempt(order, has_worked=True) for order in orders]
    for attempt in attempts:
        node.attempts[attempt.id] = attempt
    node.is_adopting = bool(attempts)
    for attempt in attempts:
        await locate(node, attempt)
    node.is_adopting = False
    node.changed.set()


async def locate(node: Node, attempt: Attempt) -> None:
    recorded = await recorded_outputs(node, attempt)
    if recorded is not None:
        node.spawn(carry_out(node, attempt, completed(recorded)), name=f"recorded {attempt.id}")
        return
    is_queued = await is_in_queue(node, attempt)
    log.info("attempt_adopted", attempt_id=attempt.prompt_id, is_queued=is_queued)
    work = resume(node, attempt, is_queued=is_queued)
    node.spawn(carry_out(node, attempt, work), name=f"adopted {attempt.id}")
    await asyncio.sleep(0)  # so that it stands first in line for the slot


async def recorded_outputs(node: Node, attempt: Attempt) -> list[Output] | None:
    """What media knows; None if nothing, or if it cannot say (recording again is harmless)."""
    query = FindResults(node_id=node.id, grant=attempt.order.grant)
    tools = node.tools
    try:
        found = await patiently(
            lambda: tools.calls.call(query), tools.tuning, within=MEDIA_PATIENCE_SECONDS
        )
    except OperationError as error:
        log.info("results_unknown", attempt_id=attempt.prompt_id, reason=error.message)
        return None
    return found.outputs if found.is_recorded else None


async def is_in_queue(node: Node, attempt: Attempt) -> bool:
    """Waits for ComfyUI: the scheduler decides how long an unreachable node may keep it."""
    while not attempt.canceled.is_set():
        try:
            return attempt.prompt_id in await node.comfy.queue()
        except UnreachableError:
            await asyncio.sleep(RETRY_SECONDS)
    return False


async def completed(outputs: list[Output]) -> AttemptResult:
    return AttemptResult(outcome=Outcome.COMPLETED, outputs=outputs)


async def resume(node: Node, attempt: Attempt, *, is_queued: bool) -> AttemptResult:
    """What is queued needs the slot; what has ended, or was never posted, does not."""
    if is_queued:
        # not before it is found: a prompt that was never posted did not kill its ComfyUI
        node.enter(attempt, AttemptPhase.POSTED)
        await node.slot.acquire()
    try:
        entry = await follow(node, attempt)
        version = await unless_canceled(attempt, find_version(node, attempt))
        await settle(node, attempt, entry)
    finally:
        if is_queued:
            node.slot.release()
    return await finish(node, attempt, version, entry)
