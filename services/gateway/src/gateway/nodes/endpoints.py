"""Endpoints of nodes: the servers of the fleet, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import ConfigDict

from contracts.access import Actor, Permission
from contracts.scheduler.nodes import AddNode, ListNodes, NewNode, NodeList, NodeView, RemoveNode
from contracts.values import new_id
from gateway.http.access import Allowed
from gateway.http.bodies import Body
from gateway.http.headers import LOCATED, MaybeIdempotencyKey, mark_created
from gateway.http.openapi import CONFLICT
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/nodes", tags=["nodes"])


class NodeRequest(NewNode):
    """A server to add."""

    model_config = ConfigDict(extra="forbid")


@router.get("", summary="List nodes")
async def list_nodes(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.NODES_READ)]
) -> NodeList:
    return await gateway.bus.call(ListNodes(actor=actor))


@router.post("", status_code=201, summary="Add a server", responses=LOCATED | CONFLICT)
async def add_node(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    node: Body[NodeRequest],
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
) -> NodeView:
    command = AddNode(actor=actor, node_id=new_id(), node=node, idempotency=idempotency_key)
    view = await gateway.bus.call(command)
    is_replay = view.id != command.node_id
    mark_created(answer, gateway.path(f"/v1/nodes/{view.id}"), is_replay=is_replay)
    return view


@router.delete("/{node_id}", status_code=204, summary="Remove a node")
async def remove_node(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)], node_id: UUID
) -> None:
    """Jobs that run on it are run again on other nodes."""
    await gateway.bus.call(RemoveNode(actor=actor, node_id=node_id))
