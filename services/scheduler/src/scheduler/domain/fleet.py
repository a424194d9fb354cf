"""Nodes come, are claimed by agents, say what they can run, and go."""

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
from scheduler.domain.accepting import created_before, use_key
from scheduler.domain.effects import ClaimGranted, Recall
from scheduler.domain.facts import show_node, spec_of, tell_node
from scheduler.domain.inputs import key_name
from scheduler.domain.nodes import Abilities, Contact, Node
from scheduler.domain.outcomes import fail_attempt
from scheduler.domain.turn import Turn
from scheduler.domain.views import node_view
from scheduler.domain.wishes import checked, place_of


def add(turn: Turn, request: AddNode) -> NodeView:
    """Add a ComfyUI server once; its agent finds it in bucket `nodes`."""
    if key := request.idempotency:
        created_id = created_before(turn, key_name(request, key), key)
        if created_id and created_id not in turn.state.nodes:
            raise ConflictError("the node made under this key was removed", code="node_removed")
        if created_id:
            return node_view(turn, turn.state.nodes[created_id])
    if existing := turn.state.nodes.get(request.node_id):
        return node_view(turn, existing)
    spec = checked(request.node)
    refuse_double(turn, spec)
    node = Node(request.node_id, spec, turn.now.wall)
    turn.state.nodes[node.id] = node
    tell_node(turn, node, NodeAdded)
    show_node(turn, node)
    if key:
        use_key(turn, key_name(request, key), key, node.id)
    return node_view(turn, node)


def refuse_double(turn: Turn, spec: NewNode) -> None:
    """Raise if the address is taken; another name of the same server shows later (health.py)."""
    place = place_of(spec.base_url)
    for node in turn.state.nodes.values():
        if place_of(node.spec.base_url) == place:
            raise ConflictError(f"there is a node at {node.spec.base_url}", code="node_exists")


def remove(turn: Turn, request: RemoveNode) -> Accepted:
    """Forget a node; what it had goes elsewhere at once."""
    node = turn.state.nodes.get(request.node_id)
    if node is None:
        raise NotFoundError("there is no such node")
    attempts = list(node.attempts.values())
    tell_node(turn, node, NodeRemoved)
    del turn.state.nodes[node.id]
    turn.state.capable.clear()
    for attempt in attempts:
        turn.effects.recalls.append(Recall(node.id, node.claim, attempt.id))
        fail_attempt(turn, attempt, Cause.UNREACHABLE, None)
    turn.effects.nodes.pop(node.id, None)
    turn.effects.abilities.pop(node.id, None)
    turn.effects.removed_nodes.add(node.id)
    turn.effects.specs[node.id] = None
    return Accepted()


def claim(turn: Turn, request: ClaimNode) -> ClaimGranted:
    """Give a node to an agent, unless another one that lives has it."""
    node = turn.state.nodes.get(request.node_id)
    if node is None or not node.spec.is_enabled:
        raise NotFoundError("there is no such node")
    # An agent that asks shows that agents can be heard, so the silence of the old one counts.
    turn.state.clock.hear(turn.now.steady)
    if node.agent_id != request.agent_id:
        if not node.is_claimable:
            raise ConflictError("a living agent has the node", code="claimed")
        node.agent_id = request.agent_id
        node.claim += 1
        adopt(turn, node)
        show_node(turn, node)
    return ClaimGranted(node, spec_of(node), tuple(node.attempts.values()))


def adopt(turn: Turn, node: Node) -> None:
    """Let the new agent look for what the old one left; it gets the time to do so."""
    now = turn.state.clock.now
    node.contact = Contact(heard_at=now, reached_at=now)
    for attempt in node.attempts.values():
        attempt.answered_at = None
        attempt.omitted = 0
        attempt.is_inherited = True
        turn.effects.settled.append(attempt.id)
        if attempt.job.status is JobStatus.CANCELING:
            turn.effects.recalls.append(Recall(node.id, node.claim, attempt.id))


def report_capabilities(turn: Turn, report: ReportCapabilities) -> Accepted:
    """Learn what a node can run."""
    node = turn.state.nodes.get(report.node_id)
    if node is None or report.claim != node.claim:
        raise ConflictError("another agent owns the node now", code="stale_claim")
    can = report.capabilities
    if can.digest != node.abilities.digest or tuple(report.devices) != node.abilities.devices:
        node.abilities = Abilities(
            digest=can.digest or "none",
            comfyui_version=can.engine_version,
            classes=frozenset(can.classes),
            models=frozenset(can.models),
            devices=tuple(report.devices),
        )
        node.lacks.clear()
        turn.state.capable.clear()
        turn.effects.abilities[node.id] = node
    return Accepted()
