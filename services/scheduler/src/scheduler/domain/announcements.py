"""Decides about the servers that agents run themselves: each is a node that its agent adds."""

from datetime import UTC, datetime

from contracts.errors import ConflictError, InvalidError
from contracts.message import Accepted
from contracts.scheduler.claims import AnnounceNode
from contracts.scheduler.node_events import NodeAdded, NodeChanged
from contracts.scheduler.nodes import NewNode
from scheduler.domain.claims import free_claim
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_node_event
from scheduler.domain.fleet import refuse_duplicate
from scheduler.domain.node_address import checked
from scheduler.domain.nodes import Node

FIRST_SECOND = datetime(2026, 1, 1, tzinfo=UTC)


def announce_node(context: StepContext, command: AnnounceNode) -> Accepted:
    """Add the node, or take over what its agent decides about it. A repetition changes nothing.

    An agent announces its nodes once, when it starts: a node that an operator removed comes back
    with the next start and not before.
    """
    wanted = checked(NewNode(**vars(command.node)))
    node = context.state.nodes.get(command.node_id)
    if wanted.machine is None:
        raise InvalidError("an announced node needs the name of its machine", code="no_machine")
    refuse_duplicate(context, wanted, command.node_id)
    if node is None:
        add_managed_node(context, command, wanted)
        return Accepted()
    is_same = (node.settings.machine, node.settings.base_url) == (wanted.machine, wanted.base_url)
    if node.is_readable and not (node.is_managed and is_same):
        raise ConflictError("another server has the id of this one", code="node_exists")
    if node.is_readable and node.settings.pool != wanted.pool:
        node.settings = node.settings.model_copy(update={"pool": wanted.pool})
        add_node_event(context, node, NodeChanged, changed=["pool"])
        free_claim(context, node)
    return Accepted()


def add_managed_node(context: StepContext, command: AnnounceNode, wanted: NewNode) -> None:
    """Add the node; its events and claims have higher numbers than in an earlier life under its id.

    A node has fewer events than seconds.
    """
    number = max(0, int((context.now.wall - FIRST_SECOND).total_seconds()))
    node = Node(command.node_id, wanted, context.now.wall, version=number, claim=number)
    node.is_managed = True
    context.state.nodes[node.id] = node
    context.effects.removed_nodes.discard(node.id)
    context.effects.capabilities[node.id] = node  # it may have been removed within this step
    add_node_event(context, node, NodeAdded)
