"""Endpoints of nodes: the servers of the fleet, for operators."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from contracts.access import Actor, Permission
from contracts.errors import NotFoundError
from contracts.node_log import MOST_LOG_LINES, LogView, ReadLog
from contracts.scheduler.node_requests import (
    AddNode,
    ChangeNode,
    DrainNode,
    FindNode,
    NodePage,
    RemoveNode,
    ResumeNode,
)
from contracts.scheduler.nodes import NodeView
from contracts.values import new_id
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body
from gateway.http.headers import MaybeIdempotencyKey, mark_created
from gateway.nodes.agents import refuse_unclaimed
from gateway.nodes.requests import NodePatch, NodeRequest
from gateway.service import CurrentGateway
from runtime.bus.pages import every_node

router = APIRouter(prefix="/v1/nodes", tags=["nodes"])

NodeId: TypeAlias = Annotated[UUID, Path(description="Id of the node.")]


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


@router.get("/{node_id}", summary="Show a node")
async def find_node(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_READ)],
    node_id: NodeId,
) -> NodeView:
    """A node that was just added has the result of its first check within two seconds.

    `phase` is `ready` then, or `reason` says why not. If nobody listens there, start ComfyUI with
    `--listen`; if its certificate is not trusted, set `ca_certificates` in `engine_settings`; if
    something before it refuses the agent (401, 403), set `headers`; if no agent has claimed it,
    set `pool` to that of an agent. A wrong `machine` cannot be changed: remove the node and add it
    again. `comfyfleet nodes add` says so too.
    """
    return await gateway.bus.call(FindNode(actor=actor, node_id=node_id))


@router.get(
    "/{node_id}/log",
    summary="Show the log of a node's server",
    responses=refusals("no_log", "no_agent", "stale_claim"),
)
async def read_log(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    node_id: NodeId,
    lines: Annotated[
        int, Query(ge=1, le=MOST_LOG_LINES, description="Most lines to return; the newest are.")
    ] = 100,
) -> LogView:
    """Only a node with `is_managed` has one: its agent keeps what the server prints.

    It is as the server wrote it, so it may have texts of any user's jobs.
    """
    node = await gateway.bus.call(FindNode(actor=actor, node_id=node_id))
    if not node.is_managed:
        raise NotFoundError("no agent runs the server of this node", code="no_log")
    refuse_unclaimed(node)
    return await gateway.bus.call(ReadLog(actor=actor, node_id=node_id, line_count=lines))


@router.patch(
    "/{node_id}",
    summary="Change, enable or disable a node",
    responses=refusals(
        "node_exists", "node_managed", "bad_url", "bad_header", "node_unreadable", "overloaded"
    ),
)
async def change_node(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    node_id: NodeId,
    patch: Body[NodePatch],
) -> NodeView:
    """Settings that the body leaves out, or that are null, stay as they are.

    Nothing that runs is interrupted. After a change of address, headers, engine settings or pool,
    an agent looks for the running attempts at the server and goes on with them; if it is another
    server, their jobs run again. A disabled node finishes its jobs first. The settings of its agent
    decide address and pool of a node with `is_managed`.
    """
    command = ChangeNode(actor=actor, node_id=node_id, changes=patch)
    return await gateway.bus.call(command)


@router.post(
    "/{node_id}/drain",
    summary="Give a node no new job",
    responses=refusals("node_unreadable", "overloaded"),
)
async def drain_node(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    node_id: NodeId,
) -> NodeView:
    """Its jobs go on to their end; then `running_job_ids` is empty and `reason` is `drained`.

    It stays so over restarts until it is resumed. Unlike a disabled node it keeps its agent, which
    goes on to report its state.
    """
    return await gateway.bus.call(DrainNode(actor=actor, node_id=node_id))


@router.post(
    "/{node_id}/resume",
    summary="Give jobs to a drained node again",
    responses=refusals("node_unreadable", "overloaded"),
)
async def resume_node(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    node_id: NodeId,
) -> NodeView:
    """It ends the drain, also one that has not come to its end. A disabled node stays disabled."""
    return await gateway.bus.call(ResumeNode(actor=actor, node_id=node_id))


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
