"""From posted to ended. Events are hints; what counts is `/history`, then `/queue`."""

import asyncio
import contextlib
from typing import Any

import structlog

from contracts.agent import Cause
from node_agent.handlers.ending import EndedError, canceled, failure
from node_agent.handlers.node import Attempt, Node
from node_agent.handlers.post import take_back
from node_agent.ports import UnreachableError

log = structlog.get_logger()


async def follow(node: Node, attempt: Attempt) -> dict[str, Any]:
    """The history entry of the attempt; raises Ended if it does not come to one."""
    posted_at = node.now
    started_at: float | None = None
    if is_heard(node, attempt):
        await wait_for_news(node, attempt)
    while True:
        attempt.stirred.clear()
        if (entry := await look(node, attempt)) is not None:
            return entry
        if started_at is None and attempt.is_running:
            started_at = node.now
        reason = why_stop(node, attempt, posted_at if started_at is None else started_at)
        if reason:
            return await end_early(node, attempt, reason)
        await wait_for_news(node, attempt)


def is_heard(node: Node, attempt: Attempt) -> bool:
    """Its end will be told on the connection that is open now: no need to ask before."""
    return attempt.client_id is not None and attempt.client_id == node.client_id


async def wait_for_news(node: Node, attempt: Attempt) -> None:
    """Return when something happened, or when it is time to ask all the same."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(node.tools.tuning.probe_seconds):
            await attempt.stirred.wait()


async def look(node: Node, attempt: Attempt) -> dict[str, Any] | None:
    """The entry, or None while ComfyUI has the prompt, or cannot be asked."""
    prompt_id = attempt.prompt_id
    try:
        entry = await node.comfy.history(prompt_id)
        if entry is not None:
            return entry
        queue = await node.comfy.queue()
        if prompt_id in queue:
            attempt.is_running = attempt.is_running or prompt_id in queue.running
            return None
        entry = await node.comfy.history(prompt_id)  # it may have ended between the two
    except UnreachableError:
        return None
    if entry is None and not attempt.canceled.is_set():
        raise failure(Cause.LOST, "prompt_lost", "ComfyUI forgot the prompt: it was restarted.")
    if entry is None:
        raise canceled()
    return entry


def why_stop(node: Node, attempt: Attempt, since: float) -> EndedError | None:
    if attempt.canceled.is_set():
        return canceled()
    seconds = attempt.order.timeout_seconds
    if node.now - since > seconds:
        if attempt.is_running:
            return failure(Cause.TIMEOUT, "attempt_timeout", f"It ran longer than {seconds:g} s.")
        return failure(Cause.UNREACHABLE, "never_started", "Other prompts kept the node busy.")
    if node.is_dead and not attempt.has_worked:
        text = "ComfyUI's worker is dead: the prompt never started."
        return failure(Cause.NODE_FAULT, "worker_dead", text)
    return None


async def end_early(node: Node, attempt: Attempt, reason: EndedError) -> dict[str, Any]:
    """Take the prompt back; what ended meanwhile all the same counts, unless canceled."""
    if node.is_dead:
        raise reason  # a dead worker gives nothing back, and nothing runs
    is_back = await take_back(node, attempt.prompt_id)
    if not is_back:
        log.warning("prompt_not_stopped")
    raise reason
