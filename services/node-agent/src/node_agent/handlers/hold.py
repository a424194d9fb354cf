"""A claimed node from the claim to its end."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from contracts.scheduler.nodes import ClaimView
from node_agent.handlers.adopt import adopt
from node_agent.handlers.describing import keep_described
from node_agent.handlers.node import Node
from node_agent.handlers.probe import probe, watch_capabilities, watch_memory
from node_agent.handlers.tell import beat, show_previews, show_progress
from node_agent.handlers.trial import stand_trials

CLEARING_SECONDS = 5.0
Listen: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Hears ComfyUI's events, for ever."""


async def hold(node: Node, claim: ClaimView, listen: Listen) -> None:
    """Work for the node until the claim is over; raises only for a bug."""
    loops = {
        "beat": beat(node),
        "probe": probe(node),
        "capabilities": watch_capabilities(node),
        "description": keep_described(node),
        "memory": watch_memory(node),
        "trial": stand_trials(node),
        "progress": show_progress(node),
        "previews": show_previews(node),
        "adopt": adopt(node, claim.live),
        "listen": listen(),
    }
    for name, loop in loops.items():
        node.spawn(loop, name=f"{name} {node.id}")
    try:
        await node.over.wait()
    finally:
        await let_go(node)
    if node.bug:
        raise node.bug


async def let_go(node: Node) -> None:
    """Stop all work. What runs inside ComfyUI goes on, for whoever adopts it."""
    tasks = list(node.tasks)
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=10)


async def retire(node: Node) -> None:
    """The operator disabled the node: finish what it has, then let it go."""
    await until_empty(node)
    node.over.set()


async def clear_out(node: Node) -> None:
    """The operator removed the node: its jobs run elsewhere, so stop them here, unreported."""
    node.is_removed = True
    for attempt in node.attempts.values():
        attempt.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLEARING_SECONDS):
            await until_empty(node)
    node.over.set()


async def until_empty(node: Node) -> None:
    while node.attempts:
        node.emptied.clear()
        await node.emptied.wait()
