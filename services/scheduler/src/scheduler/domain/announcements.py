"""Decides about the servers that agents run themselves: each is a node that its agent adds."""

from contracts.errors import ConflictError, InvalidError
from contracts.message import Accepted
from contracts.scheduler.claims import AnnounceNode
from contracts.scheduler.node_events import NodeAdded
from contracts.scheduler.nodes import NewNode, NodeSettings
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_node_event
from scheduler.domain.fleet import refuse_duplicate
from scheduler.domain.node_address import checked
from scheduler.domain.node_entries import put_node_entry
from scheduler.domain.nodes import Node


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
        node = Node(command.node_id, wanted, context.now.wall)
        context.state.nodes[node.id] = node
        add_node_event(context, node, NodeAdded)
        return Accepted()
    if node.settings.machine != wanted.machine:
        raise ConflictError("a node of another machine has this id", code="node_exists")
    if node.is_readable:
        take_place(context, node, wanted)
    return Accepted()


def take_place(context: StepContext, node: Node, wanted: NodeSettings) -> None:
    """Change what the agent decides; everything else is the operator's."""
    update = {"base_url": wanted.base_url, "engine": wanted.engine, "pool": wanted.pool}
    changed = node.settings.model_copy(update=update)
    if changed != node.settings:
        node.settings = changed
        put_node_entry(context, node)
