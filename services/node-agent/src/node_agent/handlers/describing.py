"""The registry checks workflows against what servers say of themselves; here they say it."""

import asyncio
import base64
import contextlib

import structlog

from contracts.errors import OperationError
from contracts.registry.requests import FindDescription, StoreDescription
from node_agent.domain.capabilities import Description
from node_agent.handlers.node import Node

log = structlog.get_logger()

PAGE_BYTES = 330_000
"""440 KB as base64: a message may have 512 KiB."""
MOST_PAGES = 64
RETRY_SECONDS = 5.0
AGAIN_SECONDS = 60.0
"""The registry may have forgotten it meanwhile."""


async def keep_described(node: Node) -> None:
    """For ever: the registry knows the newest description."""
    while True:
        node.described.clear()
        patience = AGAIN_SECONDS
        if node.description:
            try:
                await send_description(node, node.description)
            except OperationError as error:
                log.info("description_not_sent", node_id=str(node.id), reason=error.message)
                patience = RETRY_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await node.described.wait()


async def send_description(node: Node, description: Description) -> None:
    digest = description.capabilities.digest
    find = FindDescription(node_id=node.id, digest=digest)
    if (await node.tools.calls.call(find)).is_known:
        return
    pages = pages_of(description.packed)
    if len(pages) > MOST_PAGES:
        log.warning("description_too_big", node_id=str(node.id), size=len(description.packed))
        return
    for number, page in enumerate(pages):
        data = base64.b64encode(page).decode()
        await node.tools.calls.call(
            StoreDescription(
                node_id=node.id, digest=digest, page=number, pages=len(pages), data=data
            )
        )


def pages_of(packed: bytes) -> list[bytes]:
    return [packed[start : start + PAGE_BYTES] for start in range(0, len(packed), PAGE_BYTES)]
