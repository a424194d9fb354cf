"""Asks a server for its description, and for its classes only when they may have changed."""

import asyncio
from dataclasses import replace
from time import monotonic

from node_agent.engines.comfyui.capabilities import describe
from node_agent.engines.comfyui.replacements import usable, with_former
from node_agent.engines.comfyui.session import Known, Session
from node_agent.ports import Description

FRESH_SECONDS = 1_800.0
"""Custom nodes change when ComfyUI starts; only lists that they read from elsewhere do later."""


async def described(session: Session, *, is_thorough: bool) -> Description:
    """Describe the server; unless thorough, the classes count as known while the rest is equal.

    A new model file changes the choices of loaders, so the classes are asked for again then.
    """
    stats, models = await session.http.stats(), await session.http.models()
    known, source = session.known, (stats.version, models)
    is_fresh = known and known.source == source and monotonic() - known.read_at < FRESH_SECONDS
    if known is None or is_thorough or not is_fresh:
        read_at, classes = monotonic(), await session.http.classes()
        replacements = usable(await session.http.replacements(), classes)
        classes = with_former(classes, replacements)
        # the description of a server with many custom nodes has 20 MB
        found = await asyncio.to_thread(describe, stats.version, classes, models)
        known = session.known = Known(found, source, read_at, replacements)
    return replace(known.description, devices=stats.devices)
