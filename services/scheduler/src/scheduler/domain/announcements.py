"""Decides about the servers on the machines of agents: each is a node that its agent adds."""

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
from scheduler.domain.health import require_first_trial
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
        add_announced_node(context, command, wanted)
        return Accepted()
    if not node.is_readable:
        return Accepted()
    if (node.settings.machine, node.settings.base_url) != (wanted.machine, wanted.base_url):
        if node.is_managed or command.is_managed:
            text = f"node {node.settings.name} has the id of this server and is another one"
            raise ConflictError(text, code="node_exists")
        return Accepted()  # an operator has moved it
    take_over(context, node, command, wanted)
    return Accepted()


def take_over(context: StepContext, node: Node, command: AnnounceNode, wanted: NewNode) -> None:
    """Change what the agent decides, if it decides otherwise now."""
    changed: list[str] = []
    if node.is_managed != command.is_managed:
        node.is_managed = command.is_managed
        changed.append("is_managed")
    if node.is_managed and node.settings.pool != wanted.pool:
        node.settings = node.settings.model_copy(update={"pool": wanted.pool})
        changed.append("pool")
        free_claim(context, node)
    if changed:
        add_node_event(context, node, NodeChanged, changed=changed)


def add_announced_node(context: StepContext, command: AnnounceNode, wanted: NewNode) -> None:
    """Add the node; its events and claims have higher numbers than in an earlier life under its id.

    A node has fewer events than seconds.
    """
    number = max(0, int((context.now.wall - FIRST_SECOND).total_seconds()))
    node = Node(command.node_id, wanted, context.now.wall, version=number, claim=number)
    node.is_managed = command.is_managed
    context.state.nodes[node.id] = node
    context.effects.removed_nodes.discard(node.id)
    context.effects.capabilities[node.id] = node  # it may have been removed within this step
    add_node_event(context, node, NodeAdded)
    require_first_trial(context, node)
