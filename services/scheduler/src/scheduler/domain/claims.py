"""Decides which agent has which node: nodes are added, claimed, described and removed."""

from contracts.agent import Cause
from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from contracts.scheduler.claims import ClaimNode, ReportCapabilities
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.nodes import AddNode, NewNode, NodeAdded, NodeRemoved, NodeView, RemoveNode
from scheduler.domain.context import StepContext
from scheduler.domain.effects import ClaimGranted
from scheduler.domain.events import add_node_event, node_entry, put_node_entry
from scheduler.domain.idempotency import find_created, remember_created
from scheduler.domain.node_address import address_of, checked
from scheduler.domain.nodes import Contact, Node, NodeCapabilities
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
    settings = checked(command.node)
    refuse_duplicate(context, settings)
    node = Node(command.node_id, settings, context.now.wall)
    context.state.nodes[node.id] = node
    add_node_event(context, node, NodeAdded)
    remember_created(context, command, node.id)
    return node_view(context, node)


def refuse_duplicate(context: StepContext, settings: NewNode) -> None:
    """Raise if a node has this address.

    Two addresses of one server are found later: see `health.quarantine_duplicate`.
    """
    address = address_of(settings.base_url)
    for node in context.state.nodes.values():
        if address_of(node.settings.base_url) == address:
            raise ConflictError(f"there is a node at {node.settings.base_url}", code="node_exists")


def remove_node(context: StepContext, command: RemoveNode) -> Accepted:
    """Forget a node; its jobs go elsewhere at once."""
    node = context.state.nodes.get(command.node_id)
    if node is None:
        raise NotFoundError("there is no such node")
    attempts = list(node.attempts.values())
    add_node_event(context, node, NodeRemoved)
    del context.state.nodes[node.id]
    context.state.eligible.clear()
    for attempt in attempts:
        context.effects.recall(node, attempt.id)
        fail_attempt(context, attempt, Cause.UNREACHABLE, None)
    context.effects.nodes.pop(node.id, None)
    context.effects.capabilities.pop(node.id, None)
    context.effects.removed_nodes.add(node.id)
    context.effects.node_entries[node.id] = None
    return Accepted()


def claim_node(context: StepContext, command: ClaimNode) -> ClaimGranted:
    """Give a node to an agent, unless another living agent has it."""
    node = context.state.nodes.get(command.node_id)
    if node is None or not node.settings.is_enabled:
        raise NotFoundError("there is no such node")
    # A claim shows that agents can be heard, so the silence of the previous agent counts.
    context.state.clock.note_beat(context.now.steady)
    if node.agent_id != command.agent_id:
        if not node.is_claimable:
            raise ConflictError("a living agent has the node", code="claimed")
        node.agent_id = command.agent_id
        node.claim += 1
        adopt(context, node)
        put_node_entry(context, node)
    return ClaimGranted(node_entry(node), tuple(node.attempts.values()))


def adopt(context: StepContext, node: Node) -> None:
    """Give the new agent time to look for the attempts that the previous one left."""
    now = context.state.clock.now
    node.contact = Contact(heard_at=now, reached_at=now)
    for attempt in node.attempts.values():
        attempt.confirmed_at = None
        attempt.omitted = 0
        attempt.is_inherited = True
        context.effects.stop_repeating.append(attempt.id)
        if attempt.job.status is JobStatus.CANCELING:
            context.effects.recall(node, attempt.id)


def report_capabilities(context: StepContext, command: ReportCapabilities) -> Accepted:
    node = context.state.nodes.get(command.node_id)
    if node is None or command.claim != node.claim:
        raise ConflictError("another agent owns the node now", code="stale_claim")
    can = command.capabilities
    previous, devices = node.capabilities, tuple(command.devices)
    if (can.digest, devices) != (previous.digest, previous.devices):
        node.capabilities = NodeCapabilities(
            digest=can.digest or "none",
            engine_version=can.engine_version,
            classes=frozenset(can.classes),
            models=frozenset(can.models),
            devices=devices,
        )
        node.refused_versions.clear()
        context.state.eligible.clear()
        context.effects.capabilities[node.id] = node
    return Accepted()
