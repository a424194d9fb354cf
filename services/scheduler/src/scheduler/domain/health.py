"""When a node does harm: quarantine, and the way back.

A quarantined node gets nothing for a minute; then its agent runs a prompt that needs no model on
it, again and again, and the first that succeeds ends the quarantine. If the first job after it
that says something of the node fails too, it is out for twice as long, up to 15 min.
"""

from datetime import timedelta
from uuid import UUID

from contracts.agent import Cause
from contracts.scheduler.node_facts import NodeQuarantined
from scheduler.domain.facts import show_node, tell_node
from scheduler.domain.jobs import Attempt
from scheduler.domain.nodes import Health, Node
from scheduler.domain.turn import Turn

FIRST_QUARANTINE_SECONDS = 60.0
LONGEST_QUARANTINE_SECONDS = 900.0
FAILURES_IN_A_ROW = 3

BLAMELESS = frozenset({Cause.UNREACHABLE, Cause.MISSING, Cause.INPUT, Cause.OUTPUT})
"""Causes that say nothing of the accelerator."""


def blame_node(turn: Turn, attempt: Attempt, cause: Cause, message: str) -> None:
    """Note what a failed attempt says of its node."""
    node = turn.state.nodes.get(attempt.node_id)
    if not node or cause in BLAMELESS:
        return
    if cause is Cause.NODE_FAULT:
        quarantine(turn, node, message)
        return
    version = attempt.job.spec.version_hash
    # A workflow that never worked anywhere says nothing of the node, else one user's three
    # broken workflows would take the whole fleet out.
    if cause is Cause.WORKFLOW and version not in turn.state.seconds:
        return
    health = node.health
    if version not in health.failed_versions:
        health.failed_versions = (*health.failed_versions, version)
        turn.effects.nodes[node.id] = node
    if health.quarantines or len(health.failed_versions) >= FAILURES_IN_A_ROW:
        quarantine(turn, node, "jobs of different workflows failed on it in a row")


def praise_node(turn: Turn, attempt: Attempt) -> None:
    """Forget what was held against a node on which something worked."""
    node = turn.state.nodes.get(attempt.node_id)
    if not node:
        return
    node.refusals = 0
    if node.health.quarantines or node.health.failed_versions:
        node.health = Health(double_of=node.health.double_of)
        turn.effects.nodes[node.id] = node


def quarantine(turn: Turn, node: Node, reason: str) -> None:
    """Give a node nothing new for a while."""
    health = node.health
    if is_quarantined(turn, node):
        return
    seconds = min(FIRST_QUARANTINE_SECONDS * 2**health.quarantines, LONGEST_QUARANTINE_SECONDS)
    health.quarantines = min(health.quarantines + 1, 10)
    health.quarantined_until = turn.now.wall + timedelta(seconds=seconds)
    health.reason = reason
    health.failed_versions = ()
    health.trial = 0
    tell_node(turn, node, NodeQuarantined, reason)
    show_node(turn, node)


def try_if_due(turn: Turn, node: Node) -> None:
    """Ask for a trial when the time is over; its number was never used for this node."""
    health = node.health
    until = health.quarantined_until
    if until and until <= turn.now.wall and not health.trial:
        health.trial = node.version
        show_node(turn, node)


def pass_trial(turn: Turn, node: Node, trial: int) -> None:
    """End the quarantine; what it was for counts until a job succeeds."""
    health = node.health
    if trial == health.trial:
        health.quarantined_until, health.reason, health.trial = None, None, 0
        show_node(turn, node)


def part_doubles(turn: Turn, node: Node, other_id: UUID) -> None:
    """Two nodes are one ComfyUI: the older one has it, for as long as both are wanted.

    One of them goes on, so that adding a server twice takes no server away.
    """
    other = turn.state.nodes.get(other_id)
    if other is None or other is node:
        return  # what a removed node, or another fleet, left there
    elder, younger = sorted((node, other), key=lambda one: (one.created_at, one.id))
    if younger.health.double_of == elder.id:
        return
    younger.health.double_of = elder.id
    tell_node(turn, younger, NodeQuarantined, double_reason(elder))
    show_node(turn, younger)


def double_reason(elder: Node) -> str:
    return f"the same ComfyUI as node {elder.spec.name} ({elder.spec.base_url}): remove one of them"


def is_quarantined(turn: Turn, node: Node) -> bool:
    return quarantine_reason(turn, node) is not None


def quarantine_reason(turn: Turn, node: Node) -> str | None:
    """Why it gets nothing now, for people; None if it is not in quarantine."""
    elder = turn.state.nodes.get(node.health.double_of) if node.health.double_of else None
    if elder:
        return double_reason(elder)
    health = node.health
    if health.quarantined_until is None:
        return None
    reason = health.reason or "it does harm"
    if not health.trial:
        return reason
    return f"{reason}; {node.contact.reason or 'a trial prompt has to succeed on it first'}"
