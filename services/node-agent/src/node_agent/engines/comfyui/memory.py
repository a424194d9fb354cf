"""Frees memory of the server: after it ran out, and before other models need the room."""

import structlog

from node_agent.engines.comfyui.probe import free_on_largest
from node_agent.engines.comfyui.session import Session
from node_agent.ports import Graph, UnreachableError
from workflows.graph.requirements import models_in

log = structlog.get_logger()


async def make_room(session: Session, graph: Graph) -> None:
    """Free the server's memory if the graph loads other models and too little room is left.

    ComfyUI does so between two prompts (its `main.py`, `prompt_worker`), so nothing is asked while
    it has work of others: their models would be lost after their prompt, and ours be no better off.
    """
    wanted = frozenset(model for _, _, model in models_in(graph))
    if wanted <= session.loaded:
        return
    session.loaded = wanted
    if not session.free_below_mb:
        return
    try:
        queue = await session.http.queue()
        free_mb = free_on_largest((await session.http.stats()).devices)
    except UnreachableError:
        return  # the post of the prompt finds it out too
    if queue.running or queue.pending or free_mb is None or free_mb >= session.free_below_mb:
        return
    log.info("memory_short", node_id=str(session.entry.node_id), free_mb=free_mb)
    await free(session)


async def free(session: Session) -> None:
    try:
        await session.http.free()
    except UnreachableError as error:
        log.info("memory_not_freed", reason=error.message)
