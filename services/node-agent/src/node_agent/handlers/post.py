"""Handing a graph to ComfyUI once, whatever gets lost on the way, and taking it back."""

import asyncio
import contextlib
from typing import Any

import structlog

from contracts.agent import Cause
from contracts.comfyui import NODE_KEY, OLDEST_COMFYUI_TEXT
from contracts.scheduler.nodes import AttemptPhase
from node_agent.domain.progress import run_of
from node_agent.domain.rejection import lacks_input_file, rejection
from node_agent.handlers.ending import canceled, ended_by, failure, unless_canceled
from node_agent.handlers.node import Attempt, Node
from node_agent.handlers.prepare import stage
from node_agent.ports import RefusedPromptError, Submitted, UnreachableError

log = structlog.get_logger()

PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Before each try; the last one comes 7.5 s after the first, timeouts not counted."""
LEADER_CHECK_SECONDS = 0.2


async def post(node: Node, attempt: Attempt, graph: dict[str, Any]) -> None:
    """Returns once ComfyUI has the prompt."""
    await unless_canceled(attempt, until_led(node))
    attempt.run = run_of(graph)
    node.enter(attempt, AttemptPhase.POSTED)
    try:
        await submit(node, attempt, graph)
    except RefusedPromptError as error:
        if not (lacks_input_file(error.answer) and attempt.order.media):
            raise refused(node, error) from error
        # the server lost a file that it was sent: send all anew, once
        node.staged.clear()
        await stage(node, attempt)
        try:
            await submit(node, attempt, graph)
        except RefusedPromptError as again:
            raise refused(node, again) from again


async def until_led(node: Node) -> None:
    """A silent scheduler may have counted us as lost and given the job to another node."""
    while not node.leadership.is_present(node.now):  # noqa: ASYNC110  a pure value, no event
        await asyncio.sleep(LEADER_CHECK_SECONDS)


async def submit(node: Node, attempt: Attempt, graph: dict[str, Any]) -> None:
    for number, pause in enumerate(PAUSES):
        await unless_canceled(attempt, asyncio.sleep(pause))
        if attempt.canceled.is_set():
            raise canceled()
        try:
            if number and await is_known(node, attempt.prompt_id):
                return None
            attempt.client_id = node.client_id
            taken = await node.comfy.submit(body_of(node, attempt, graph))
        except UnreachableError as error:
            log.info("post_unanswered", number=number, reason=error.message)
            continue
        return await check(node, attempt, taken)
    raise failure(Cause.UNREACHABLE, "unreachable", "ComfyUI did not take the prompt.")


async def is_known(node: Node, prompt_id: str) -> bool:
    """Whether a POST whose answer was lost did arrive: the same id again would run again."""
    if prompt_id in await node.comfy.queue():
        return True
    return await node.comfy.history(prompt_id) is not None


def body_of(node: Node, attempt: Attempt, graph: dict[str, Any]) -> dict[str, Any]:
    """Nothing of the user's but the graph: other keys of this request can kill a server."""
    is_watched = node.watched.has(attempt.order.job_id, node.now)
    return {
        "prompt": graph,
        "prompt_id": attempt.prompt_id,
        "client_id": attempt.client_id or attempt.prompt_id,
        "extra_data": {NODE_KEY: str(node.id)} | ({"preview_method": "auto"} if is_watched else {}),
    }


async def check(node: Node, attempt: Attempt, taken: Submitted) -> None:
    """200 does not mean that all of the graph will run, nor under our id."""
    if taken.prompt_id != attempt.prompt_id:
        await take_back(node, taken.prompt_id)
        text = f"It chooses prompt ids itself: ComfyUI {OLDEST_COMFYUI_TEXT} or later is needed."
        raise failure(Cause.NODE_FAULT, "comfyui_too_old", text)
    if taken.node_errors:
        await take_back(node, attempt.prompt_id)
        raise ended_by(rejection(200, {"node_errors": taken.node_errors}))


def refused(node: Node, error: RefusedPromptError) -> Exception:
    reason = rejection(error.status, error.answer)
    if reason.cause is Cause.MISSING:
        node.refresh.set()
    return ended_by(reason)


async def take_back(node: Node, prompt_id: str) -> bool:
    """Delete, interrupt, then look, until it is in neither; False if it would not stop.

    An interrupt between pending and running is lost (measured: 1 of 100), and a graph node that
    blocks runs to its end.
    """
    tuning = node.tools.tuning
    deadline = node.now + tuning.cancel_seconds
    pause = tuning.cancel_retry_seconds
    while node.now < deadline:
        with contextlib.suppress(UnreachableError):
            if await pull(node, prompt_id):
                return True
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 2.0)
    return False


async def pull(node: Node, prompt_id: str) -> bool:
    """One try; True if the prompt is not there any more."""
    await node.comfy.delete(prompt_id)
    queue = await node.comfy.queue()
    if prompt_id in queue.running:
        await node.comfy.interrupt(prompt_id)
    return prompt_id not in queue
