"""Endpoints of nodes: the servers of the fleet, for operators."""

from typing import Annotated, Self, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field, model_validator

from contracts.access import Actor, Permission
from contracts.scheduler.node_requests import AddNode, NodePage, RemoveNode
from contracts.scheduler.nodes import NewNode, NodeView
from contracts.values import LabelKey, LabelValue, new_id
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body
from gateway.http.headers import MaybeIdempotencyKey, mark_created
from gateway.service import CurrentGateway
from runtime.bus.pages import every_node

router = APIRouter(prefix="/v1/nodes", tags=["nodes"])

MAX_SETTINGS_BYTES = 64 * 1024

NodeId: TypeAlias = Annotated[UUID, Path(description="Id of the node.")]


HIGHEST_NODE_PRIORITY = 1_000


class NodeRequest(NewNode):
    """A server to add."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(
        max_length=2_000,
        pattern=r"^https?://[^/]",
        description="Address of its server: `http://10.0.0.7:8188`.",
    )
    priority: int = Field(
        default=0,
        ge=-HIGHEST_NODE_PRIORITY,
        le=HIGHEST_NODE_PRIORITY,
        description="Among nodes that suit a job equally, the highest gets it.",
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict,
        max_length=16,
        description="Names and values by which operators find the node: at most 16, as in a job.",
    )
    pool: str = Field(
        default="default",
        min_length=1,
        max_length=80,
        description="Only agents of this pool claim the node.",
    )

    @model_validator(mode="after")
    def fits(self) -> Self:
        """Refuse settings that would not fit into messages beside other things."""
        if len(self.model_dump_json().encode()) > MAX_SETTINGS_BYTES:
            raise ValueError(f"expected at most {MAX_SETTINGS_BYTES} bytes in all")
        return self


@router.get("", summary="List nodes")
async def list_nodes(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.NODES_READ)]
) -> NodePage:
    """The list is complete: `next_cursor` is always null."""
    return NodePage(items=await every_node(gateway.bus, actor))


@router.post(
    "",
    status_code=201,
    summary="Add a server",
    responses=refusals(
        "node_exists", "node_removed", "bad_url", "bad_header", "unknown_engine", "overloaded"
    ),
)
async def add_node(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    node: Body[NodeRequest],
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
) -> NodeView:
    """The node gets jobs once an agent of its pool has claimed it and knows its capabilities."""
    command = AddNode(actor=actor, node_id=new_id(), node=node, idempotency=idempotency_key)
    view = await gateway.bus.call(command)
    is_replay, path = view.id != command.node_id, gateway.path(f"/v1/nodes/{view.id}")
    mark_created(answer, path, is_replay=is_replay, key=idempotency_key)
    return view


@router.delete(
    "/{node_id}",
    status_code=204,
    summary="Remove a node",
    responses=refusals("overloaded"),
)
async def remove_node(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    node_id: NodeId,
) -> None:
    """Jobs that run on it are run again on other nodes."""
    await gateway.bus.call(RemoveNode(actor=actor, node_id=node_id))
