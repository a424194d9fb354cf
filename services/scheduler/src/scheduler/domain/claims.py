"""Decides which agent has which node: nodes are claimed and described."""

from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from contracts.scheduler.claims import ClaimNode, ReportCapabilities
from contracts.scheduler.jobs import JobStatus
from scheduler.domain.context import StepContext
from scheduler.domain.effects import ClaimGranted
from scheduler.domain.node_entries import node_entry, put_node_entry
from scheduler.domain.nodes import ClaimStatus, Contact, Node, NodeCapabilities


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
        node.claim_status = ClaimStatus.WANTED
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
        attempt.asked_at = now
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
        context.state.eligibility.forget()
        context.effects.capabilities[node.id] = node
    return Accepted()
