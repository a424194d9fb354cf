"""Looking at ComfyUI each second or two: is it there, what does it do, what can it run."""

import asyncio
import contextlib
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from contracts.comfyui import OLDEST_COMFYUI_TEXT, is_too_old
from contracts.errors import OperationError
from contracts.scheduler.nodes import ReportCapabilities
from node_agent.domain.admission import StaleClaimError
from node_agent.domain.vitals import QueueView
from node_agent.handlers.node import Node
from node_agent.handlers.post import pull
from node_agent.ports import UnreachableError

log = structlog.get_logger()
RETRY_SECONDS = 2.0


async def probe(node: Node) -> None:
    """For ever. `/queue` answers from the part that works, which `/system_stats` does not."""
    while True:
        try:
            saw_queue(node, await look(node))
        except UnreachableError as error:
            saw_nothing(node, error.message)
        await remove_leftovers(node)
        tuning = node.tools.tuning
        await asyncio.sleep(tuning.probe_idle_seconds if is_idle(node) else tuning.probe_seconds)


def is_idle(node: Node) -> bool:
    """Whether nothing is done there, by nobody; what we send is noticed by other means."""
    is_well = node.is_reachable and not node.is_dead
    return is_well and not (node.attempts or node.queue.running or node.queue.pending)


async def look(node: Node) -> QueueView:
    """One that was away may be another server now, so its version is asked as well."""
    queue = await node.comfy.queue()
    if not node.is_reachable and is_too_old(version := (await node.comfy.stats()).version):
        text = f"runs ComfyUI {version[:20]}: {OLDEST_COMFYUI_TEXT} or later is needed"
        raise UnreachableError(text)
    return queue


def saw_queue(node: Node, queue: QueueView) -> None:
    was_usable = node.is_reachable and not node.is_dead
    if not node.is_reachable:
        node.staged.clear()  # it may be another server now
        node.refresh.set()
    node.queue, node.is_reachable = queue, True
    node.vitals.saw(queue, node.now, has_started=has_started(node, queue))
    node.is_dead = node.vitals.is_dead
    node.reason = reason_of(node)
    if was_usable != (node.is_reachable and not node.is_dead):
        log.info("node_seen", node_id=str(node.id), reason=node.reason)
        node.changed.set()
    if node.is_dead:
        stir_all(node)


def saw_nothing(node: Node, reason: str) -> None:
    node.queue = QueueView()
    node.vitals.saw(node.queue, node.now, has_started=False)
    if node.is_reachable:
        log.info("node_unreachable", node_id=str(node.id), reason=reason)
        node.changed.set()
    node.is_reachable, node.is_dead = False, False
    node.reason = f"{address(node)} {reason}"


def has_started(node: Node, queue: QueueView) -> bool:
    """Whether the prompt in front is known to work, or cannot be judged.

    Only events of this connection can tell that none came; a foreign prompt tells us nothing.
    """
    front = queue.running or queue.pending[:1]
    own = next((a for a in map(node.attempt_of, front) if a), None)
    if own is None:
        return bool(queue.running)
    return own.has_worked or own.client_id is None or own.client_id != node.client_id


def reason_of(node: Node) -> str | None:
    if node.is_dead:
        return "ComfyUI answers but runs nothing: its worker is dead, restart it"
    if node.trial_failure:
        return f"a trial prompt failed: {node.trial_failure}"
    return node.complaint


def address(node: Node) -> str:
    """Without a path, and without credentials, which have no place in it."""
    parts = urlsplit(node.spec.base_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def stir_all(node: Node) -> None:
    for attempt in node.attempts.values():
        attempt.stirred.set()


async def remove_leftovers(node: Node) -> None:
    """Prompts of attempts that ended without ComfyUI (timeouts, cancels while it was away)."""
    for prompt_id in (*node.queue.running, *node.queue.pending):
        with contextlib.suppress(ValueError, UnreachableError):
            attempt_id = UUID(prompt_id)
            if node.gone.has(attempt_id, node.now) and attempt_id not in node.attempts:
                await pull(node, prompt_id)


async def watch_capabilities(node: Node) -> None:
    """For ever: report after the claim, after each change, and when something was missing."""
    known: str | None = None
    while True:
        node.refresh.clear()
        try:
            known = await report_capabilities(node, known)
            node.complaint = None
        except UnreachableError as error:
            node.complaint = f"{address(node)} {error.message}"
            await asyncio.sleep(RETRY_SECONDS)
            continue
        except OperationError as error:
            if error.code == StaleClaimError.code:
                raise StaleClaimError(error.message) from error
            log.info("capabilities_unknown", node_id=str(node.id), reason=error.message)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(node.tools.tuning.capabilities_seconds):
                await node.refresh.wait()


async def report_capabilities(node: Node, known: str | None) -> str:
    """The digest that the scheduler knows now."""
    description = await node.comfy.describe()
    found = description.capabilities
    if found.digest != known:
        stats = await node.comfy.stats()
        message = ReportCapabilities(
            node_id=node.id, claim=node.claim, devices=stats.devices, capabilities=found
        )
        await node.tools.calls.call(message)
        node.description = description
        node.described.set()
    return found.digest


async def watch_memory(node: Node) -> None:
    """For ever: free VRAM, for the beats."""
    while True:
        with contextlib.suppress(UnreachableError):
            devices = (await node.comfy.stats()).devices
            node.vram_free_mb = devices[0].vram_free_mb if devices else None
        await asyncio.sleep(node.tools.tuning.stats_seconds)
