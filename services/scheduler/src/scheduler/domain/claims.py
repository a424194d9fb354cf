"""Decides which agent has which node: nodes are added, claimed, described and removed."""

from contracts.agent import Accepted, Cause
from contracts.errors import ConflictError, NotFoundError
from contracts.scheduler.jobs import JobStatus
from contracts.scheduler.node_facts import NodeAdded, NodeRemoved
from contracts.scheduler.nodes import (
    AddNode,
    ClaimNode,
    NewNode,
    NodeView,
    RemoveNode,
    ReportCapabilities,
)
from scheduler.domain.effects import ClaimGranted, Recall
from scheduler.domain.facts import node_spec, publish_node_fact, put_node_spec
from scheduler.domain.idempotency import find_created, remember_created
from scheduler.domain.node_address import address_of, checked
from scheduler.domain.nodes import Contact, Node, NodeCapabilities
from scheduler.domain.outcomes import fail_attempt
from scheduler.domain.step import Step
from scheduler.domain.views import node_view


def add_node(step: Step, command: AddNode) -> NodeView:
    """Add a ComfyUI server once; its agent finds it in bucket `nodes`."""
    if created_id := find_created(step, command):
        if created_id not in step.state.nodes:
            raise ConflictError("the node made under this key was removed", code="node_removed")
        return node_view(step, step.state.nodes[created_id])
    if existing := step.state.nodes.get(command.node_id):
        return node_view(step, existing)
    spec = checked(command.node)
    refuse_duplicate(step, spec)
    node = Node(command.node_id, spec, step.now.wall)
    step.state.nodes[node.id] = node
    publish_node_fact(step, node, NodeAdded)
    put_node_spec(step, node)
    remember_created(step, command, node.id)
    return node_view(step, node)


def refuse_duplicate(step: Step, spec: NewNode) -> None:
    """Raise if a node has this address.

    Two addresses of one server are found later: see `health.quarantine_duplicate`.
    """
    address = address_of(spec.base_url)
    for node in step.state.nodes.values():
        if address_of(node.spec.base_url) == address:
            raise ConflictError(f"there is a node at {node.spec.base_url}", code="node_exists")


def remove_node(step: Step, command: RemoveNode) -> Accepted:
    """Forget a node; its jobs go elsewhere at once."""
    node = step.state.nodes.get(command.node_id)
    if node is None:
        raise NotFoundError("there is no such node")
    attempts = list(node.attempts.values())
    publish_node_fact(step, node, NodeRemoved)
    del step.state.nodes[node.id]
    step.state.eligible.clear()
    for attempt in attempts:
        step.effects.recalls.append(Recall(node.id, node.claim, attempt.id))
        fail_attempt(step, attempt, Cause.UNREACHABLE, None)
    step.effects.nodes.pop(node.id, None)
    step.effects.capabilities.pop(node.id, None)
    step.effects.removed_nodes.add(node.id)
    step.effects.specs[node.id] = None
    return Accepted()


def claim_node(step: Step, command: ClaimNode) -> ClaimGranted:
    """Give a node to an agent, unless another living agent has it."""
    node = step.state.nodes.get(command.node_id)
    if node is None or not node.spec.is_enabled:
        raise NotFoundError("there is no such node")
    # A claim shows that agents can be heard, so the silence of the previous agent counts.
    step.state.clock.note_beat(step.now.steady)
    if node.agent_id != command.agent_id:
        if not node.is_claimable:
            raise ConflictError("a living agent has the node", code="claimed")
        node.agent_id = command.agent_id
        node.claim += 1
        adopt(step, node)
        put_node_spec(step, node)
    return ClaimGranted(node, node_spec(node), tuple(node.attempts.values()))


def adopt(step: Step, node: Node) -> None:
    """Give the new agent time to look for the attempts that the previous one left."""
    now = step.state.clock.now
    node.contact = Contact(heard_at=now, reached_at=now)
    for attempt in node.attempts.values():
        attempt.answered_at = None
        attempt.omitted = 0
        attempt.is_inherited = True
        step.effects.settled.append(attempt.id)
        if attempt.job.status is JobStatus.CANCELING:
            step.effects.recalls.append(Recall(node.id, node.claim, attempt.id))


def report_capabilities(step: Step, command: ReportCapabilities) -> Accepted:
    """Replace the description of what a node can run."""
    node = step.state.nodes.get(command.node_id)
    if node is None or command.claim != node.claim:
        raise ConflictError("another agent owns the node now", code="stale_claim")
    can = command.capabilities
    known, devices = node.capabilities, tuple(command.devices)
    if (can.digest, devices) != (known.digest, known.devices):
        node.capabilities = NodeCapabilities(
            digest=can.digest or "none",
            engine_version=can.engine_version,
            classes=frozenset(can.classes),
            models=frozenset(can.models),
            devices=devices,
        )
        node.refused_versions.clear()
        step.state.eligible.clear()
        step.effects.capabilities[node.id] = node
    return Accepted()
