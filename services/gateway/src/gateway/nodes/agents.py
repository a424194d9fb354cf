"""Asks the agent of a node, if one has it."""

from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from contracts.access import Actor
from contracts.errors import ConflictError
from contracts.message import Request
from contracts.scheduler.node_requests import FindNode
from contracts.scheduler.nodes import NodeView
from gateway.service import Gateway

A = TypeVar("A", bound=BaseModel)

AGENT_SECONDS = 5.0


async def ask_agent(gateway: Gateway, actor: Actor, node_id: UUID, request: Request[A]) -> A:
    """Return the answer of the node's agent. Raises NotFoundError, and as `refuse_unclaimed`."""
    refuse_unclaimed(await gateway.bus.call(FindNode(actor=actor, node_id=node_id)))
    return await gateway.bus.call(request, within=AGENT_SECONDS)


def refuse_unclaimed(node: NodeView) -> None:
    """Raise ConflictError if no agent has the node: to wait for an answer would be in vain."""
    if node.is_claimed:
        return
    text = f"no agent of pool {node.pool} has claimed the node: start one, or change its pool"
    if node.machine:
        text = (
            f"no agent of pool {node.pool} on machine {node.machine} has claimed the node: start "
            "one there; if the machine is wrong, remove the node and add it again"
        )
    if not node.is_enabled:
        text = "the node is disabled, so no agent has it: enable it first"
    raise ConflictError(text, code="no_agent")
