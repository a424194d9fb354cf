"""Decides which nodes the fleet has: an operator adds and removes them."""

from uuid import UUID

from contracts.agent import Cause
from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from contracts.scheduler.node_events import NodeAdded, NodeRemoved
from contracts.scheduler.node_requests import AddNode, RemoveNode
from contracts.scheduler.nodes import NewNode, NodeView
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_node_event
from scheduler.domain.health import require_first_trial
from scheduler.domain.idempotency import (
    find_created,
    is_removed,
    remember_created,
    remember_removed,
)
from scheduler.domain.node_address import checked, server_of
from scheduler.domain.nodes import Node
from scheduler.domain.outcomes import fail_attempt
from scheduler.domain.views import node_view


def add_node(context: StepContext, command: AddNode) -> NodeView:
    """Add a server once; its agent finds it in bucket `nodes`."""
    if created_id := find_created(context, command):
        if created_id not in context.state.nodes:
            raise ConflictError("the node made under this key was removed", code="node_removed")
        return node_view(context, context.state.nodes[created_id])
    if existing := context.state.nodes.get(command.node_id):
        return node_view(context, existing)
    if is_removed(context, command):
        raise ConflictError("the node was removed", code="node_removed")
    settings = checked(command.node)
    refuse_duplicate(context, settings, command.node_id)
    node = Node(command.node_id, settings, context.now.wall)
    context.state.nodes[node.id] = node
    add_node_event(context, node, NodeAdded)
    require_first_trial(context, node)
    remember_created(context, command, node.id)
    return node_view(context, node)


def refuse_duplicate(context: StepContext, settings: NewNode, node_id: UUID) -> None:
    """Raise if another node has this address.

    Two addresses of one server are found later: see `health.quarantine_duplicate`.
    """
    server = server_of(settings)
    for node in context.state.nodes.values():
        if node.id != node_id and server_of(node.settings) == server:
            known = node.settings
            text = f"node {known.name} has this address: {known.base_url}"
            raise ConflictError(text, code="node_exists")


def remove_node(context: StepContext, command: RemoveNode) -> Accepted:
    """Forget a node; its jobs go elsewhere at once."""
    node = context.state.nodes.get(command.node_id)
    if node is None:
        if is_removed(context, command):
            return Accepted()
        raise NotFoundError("there is no such node")
    attempts = list(node.attempts.values())
    add_node_event(context, node, NodeRemoved)
    del context.state.nodes[node.id]
    context.state.eligibility.forget()
    for attempt in attempts:
        context.effects.recall(node, attempt.id)
        fail_attempt(context, attempt, Cause.UNREACHABLE, None)
    context.effects.nodes.pop(node.id, None)
    context.effects.capabilities.pop(node.id, None)
    context.effects.removed_nodes.add(node.id)
    context.effects.node_entries[node.id] = None
    remember_removed(context, command, node.id)
    return Accepted()
