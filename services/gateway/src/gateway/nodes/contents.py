"""Endpoints of what is on a node: classes and model files, and the queue of its engine."""

from typing import Annotated

from fastapi import APIRouter, Query

from contracts.access import Actor, Permission
from contracts.node_queue import FindQueue, NodeQueue
from contracts.scheduler.node_requests import CapabilityNames, ListCapabilities
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.nodes.agents import ask_agent
from gateway.nodes.endpoints import NodeId
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/nodes", tags=["nodes"])


@router.get("/{node_id}/capabilities", summary="Show what a node can run")
async def find_capabilities(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_READ)],
    node_id: NodeId,
    cursor: Annotated[
        str | None, Query(max_length=300, description="`next_cursor` of the page before.")
    ] = None,
) -> CapabilityNames:
    """Graph-node classes by name, then model files by folder and name.

    A cursor is refused once the node can run other things: begin with the first page again.
    """
    query = ListCapabilities(actor=actor, node_id=node_id, cursor=cursor)
    return await gateway.bus.call(query)


@router.get(
    "/{node_id}/queue",
    summary="Show the queue of a node's engine",
    responses=refusals("no_agent", "stale_claim"),
)
async def find_queue(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_READ)],
    node_id: NodeId,
) -> NodeQueue:
    """Attempts of the fleet with their jobs, and prompts that others posted there.

    The node's agent answers: 409 (`no_agent`) if none has the node, as if it is disabled, and 503
    (`no_answer`) while the agent is away.
    """
    return await ask_agent(gateway, actor, node_id, FindQueue(actor=actor, node_id=node_id))
