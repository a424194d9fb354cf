"""Decides when a node is quarantined for the harm it does, and when it is let back.

A quarantined node gets no job for a minute. Then its agent runs a trial on it, a prompt that needs
no model, until one succeeds: that ends the quarantine. If the next job whose outcome depends on
the node fails too, the next quarantine is twice as long, up to 15 min.
"""

from datetime import timedelta
from uuid import UUID

from contracts.agent import Cause
from contracts.scheduler.node_facts import NodeQuarantined
from scheduler.domain.facts import publish_node_fact, put_node_spec
from scheduler.domain.jobs import Attempt
from scheduler.domain.nodes import Health, Node
from scheduler.domain.step import Step

FIRST_QUARANTINE_SECONDS = 60.0
LONGEST_QUARANTINE_SECONDS = 900.0
FAILURES_IN_A_ROW = 3

BLAMELESS = frozenset({Cause.UNREACHABLE, Cause.MISSING, Cause.INPUT, Cause.OUTPUT})
"""Causes that do not depend on the accelerator."""


def record_failure(step: Step, attempt: Attempt, cause: Cause, message: str) -> None:
    """Count a failed attempt against its node, if its cause can be the node's fault."""
    node = step.state.nodes.get(attempt.node_id)
    if not node or cause in BLAMELESS:
        return
    if cause is Cause.NODE_FAULT:
        quarantine(step, node, message)
        return
    version = attempt.job.spec.version_hash
    # A workflow that never worked anywhere proves nothing against the node, else one user's
    # three broken workflows would take the whole fleet out.
    if cause is Cause.WORKFLOW and version not in step.state.seconds:
        return
    health = node.health
    if version not in health.failed_versions:
        health.failed_versions = (*health.failed_versions, version)
        step.effects.nodes[node.id] = node
    if health.quarantines or len(health.failed_versions) >= FAILURES_IN_A_ROW:
        quarantine(step, node, "jobs of different workflows failed on it in a row")


def record_success(step: Step, attempt: Attempt) -> None:
    """Forget the failures of a node on which an attempt completed."""
    node = step.state.nodes.get(attempt.node_id)
    if not node:
        return
    node.refusals = 0
    if node.health.quarantines or node.health.failed_versions:
        node.health = Health(double_of=node.health.double_of)
        step.effects.nodes[node.id] = node


def quarantine(step: Step, node: Node, reason: str) -> None:
    """Give a node no job for a while."""
    health = node.health
    if is_quarantined(step, node):
        return
    seconds = min(FIRST_QUARANTINE_SECONDS * 2**health.quarantines, LONGEST_QUARANTINE_SECONDS)
    health.quarantines = min(health.quarantines + 1, 10)
    health.quarantined_until = step.now.wall + timedelta(seconds=seconds)
    health.reason = reason
    health.failed_versions = ()
    health.trial = 0
    publish_node_fact(step, node, NodeQuarantined, reason)
    put_node_spec(step, node)


def request_trial_if_due(step: Step, node: Node) -> None:
    """Request a trial when the time is over, under a number that this node never had."""
    health = node.health
    until = health.quarantined_until
    if until and until <= step.now.wall and not health.trial:
        health.trial = node.version
        put_node_spec(step, node)


def end_quarantine(step: Step, node: Node, trial: int) -> None:
    """End the quarantine if this trial was requested; its count stays until a job succeeds."""
    health = node.health
    if trial == health.trial:
        health.quarantined_until, health.reason, health.trial = None, None, 0
        put_node_spec(step, node)


def quarantine_duplicate(step: Step, node: Node, other_id: UUID) -> None:
    """Quarantine the younger of two nodes that are one ComfyUI, until one of them is removed.

    The older one goes on, so that adding a server twice takes no server away.
    """
    other = step.state.nodes.get(other_id)
    if other is None or other is node:
        return  # prompts that a removed node, or another fleet, left there
    elder, younger = sorted((node, other), key=lambda one: (one.created_at, one.id))
    if younger.health.double_of == elder.id:
        return
    younger.health.double_of = elder.id
    publish_node_fact(step, younger, NodeQuarantined, duplicate_reason(elder))
    put_node_spec(step, younger)


def duplicate_reason(elder: Node) -> str:
    return f"the same ComfyUI as node {elder.spec.name} ({elder.spec.base_url}): remove one of them"


def is_quarantined(step: Step, node: Node) -> bool:
    return quarantine_reason(step, node) is not None


def quarantine_reason(step: Step, node: Node) -> str | None:
    """Give the reason of a quarantine, for people; None if the node is not in quarantine."""
    elder = step.state.nodes.get(node.health.double_of) if node.health.double_of else None
    if elder:
        return duplicate_reason(elder)
    health = node.health
    if health.quarantined_until is None:
        return None
    reason = health.reason or "it does harm"
    if not health.trial:
        return reason
    return f"{reason}; {node.contact.reason or 'a trial prompt has to succeed on it first'}"
