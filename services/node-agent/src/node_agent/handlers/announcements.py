"""Adds the servers on this machine to the fleet."""

import asyncio

import structlog

from contracts.errors import OperationError
from contracts.scheduler.claims import AnnounceNode
from node_agent.handlers.retry import retried
from node_agent.service import NodeAgent

log = structlog.get_logger()
AGAIN_SECONDS = 30.0
REMEDIES = {
    "node_exists": "Remove the node that has this address, or give each machine a "
    "COMFYFLEET_MACHINE of its own and each server a port of its own.",
    "bad_url": "Mend COMFYFLEET_ANNOUNCE_URLS.",
}
"""Advice for operators, by the code of a refusal."""


async def announce(agent: NodeAgent, command: AnnounceNode) -> None:
    """Add the node, once; a refusal is repeated until the operator has mended it."""
    while True:
        try:
            await retried(lambda: agent.bus.call(command), within=None)
        except OperationError as error:
            remedy = REMEDIES.get(error.code)
            node = command.node
            log.error(  # noqa: TRY400  no bug
                "node_not_announced",
                name=node.name,
                base_url=node.base_url,
                reason=error.message,
                remedy=remedy,
            )
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            log.info("node_announced", node_id=str(command.node_id), name=command.node.name)
            return
