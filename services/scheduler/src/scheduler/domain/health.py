"""Decides when a node is quarantined for the harm it does, and when it is let back.

A quarantined node gets no job for a minute. Then its agent runs a trial on it, work that needs
no model, until one succeeds: that ends the quarantine. Each quarantine before the next success is
twice as long, up to 15 min. A new server joins after such a trial, without a quarantine. Faults
that only one user meets may be the user's, be it on node after node or three times on one: then
the node is tried at once, and nobody waits for it.
"""

from uuid import UUID

from contracts.agent import Cause
from contracts.scheduler.node_events import NodeQuarantined
from scheduler.domain.context import StepContext
from scheduler.domain.events import add_node_event
from scheduler.domain.jobs import Attempt
from scheduler.domain.node_entries import put_node_entry
from scheduler.domain.nodes import Health, Node

FIRST_QUARANTINE_SECONDS = 60.0
LONGEST_QUARANTINE_SECONDS = 900.0
FAILURES_IN_A_ROW = 3

FAULT_SECONDS = 600.0
FAULTS_KEPT = 10_000

BLAMELESS = frozenset(
    {
        Cause.UNREACHABLE,
        Cause.MISSING,
        Cause.INPUT,
        Cause.OUTPUT,
        Cause.STOPPED,
        Cause.UNAVAILABLE,
    }
)
"""Causes that do not depend on the accelerator."""
USERS_CAUSES = frozenset({Cause.WORKFLOW, Cause.TIMEOUT, Cause.OUT_OF_MEMORY})
"""Causes that a user can bring about on any node."""


def record_failure(context: StepContext, attempt: Attempt, cause: Cause, message: str) -> None:
    """Count a failed attempt against its node, if its cause can be the node's fault."""
    node = context.state.nodes.get(attempt.node_id)
    if not node or not node.is_readable or cause in BLAMELESS:
        return
    if cause is Cause.NODE_FAULT:
        is_jobs = attempt.job.retry.faulted_on not in (None, node.id)
        if follows_owner(context, attempt) or is_jobs:
            take_out(context, node, message, 0.0)
        else:
            quarantine(context, node, message)
        return
    version = attempt.job.request.version_hash
    # A workflow that never worked anywhere proves nothing against the node, else one user's
    # three broken workflows would take the whole fleet out.
    if cause in USERS_CAUSES and version not in context.state.mean_seconds:
        return
    health = node.health
    owner_id = attempt.job.owner_id
    if version not in health.failed_versions:
        health.failed_versions = (*health.failed_versions, version)
        health.failed_owners = tuple({*health.failed_owners, owner_id})
        context.effects.nodes[node.id] = node
    if len(health.failed_versions) < FAILURES_IN_A_ROW:
        return
    reason = "jobs of different workflows failed on it in a row"
    if len(health.failed_owners) > 1:
        quarantine(context, node, reason)
    else:
        take_out(context, node, reason, 0.0)


def record_success(context: StepContext, attempt: Attempt) -> None:
    """Forget the failures of a node on which an attempt completed."""
    node = context.state.nodes.get(attempt.node_id)
    if not node or not node.is_readable:
        return
    node.refusals = 0
    if node.health.quarantines or node.health.failed_versions:
        node.health = Health(double_of=node.health.double_of)
        context.effects.nodes[node.id] = node


def follows_owner(context: StepContext, attempt: Attempt) -> bool:
    """Note the fault; return whether the owner's jobs had one on another node a short while ago."""
    faults, now = context.state.faults, context.now.steady
    node_id, since = faults.pop(attempt.job.owner_id, (attempt.node_id, now))
    if len(faults) >= FAULTS_KEPT:
        del faults[next(iter(faults))]
    faults[attempt.job.owner_id] = attempt.node_id, now
    return node_id != attempt.node_id and now - since < FAULT_SECONDS


def quarantine(context: StepContext, node: Node, reason: str) -> None:
    """Take the node out for its own fault: each time longer, until a job succeeds on it."""
    if quarantine_reason(context, node):
        return
    health = node.health
    seconds = min(FIRST_QUARANTINE_SECONDS * 2**health.quarantines, LONGEST_QUARANTINE_SECONDS)
    health.quarantines = min(health.quarantines + 1, 10)
    take_out(context, node, reason, seconds)


def take_out(context: StepContext, node: Node, reason: str, seconds: float) -> None:
    """Give the node no job until it passes a trial, which is requested after so many seconds."""
    if quarantine_reason(context, node):
        return
    health = node.health
    health.is_quarantined, health.reason, health.trial = True, reason, 0
    health.failed_versions, health.failed_owners = (), ()
    node.trial_due_at = context.now.steady + seconds
    add_node_event(context, node, NodeQuarantined, reason)


def request_trial_if_due(context: StepContext, node: Node) -> None:
    """Request a trial when the time is over, under a number that this node never had."""
    health = node.health
    is_due = node.trial_due_at <= context.now.steady
    if (health.is_quarantined or health.is_untried) and is_due and not health.trial:
        health.trial = node.version
        put_node_entry(context, node)


def require_first_trial(context: StepContext, node: Node) -> None:
    """Let a node with a new server join only after a trial: no job is the first to test it."""
    node.health.is_untried = True
    node.trial_due_at = context.now.steady
    request_trial_if_due(context, node)


def pass_trial(context: StepContext, node: Node, trial: int) -> None:
    """End the quarantine if this trial was requested; its count stays until a job succeeds."""
    health = node.health
    if trial == health.trial:
        health.is_quarantined, health.reason, health.trial = False, None, 0
        health.is_untried = False
        put_node_entry(context, node)


def quarantine_duplicate(context: StepContext, node: Node, other_id: UUID) -> None:
    """Quarantine the younger of two nodes that are one server, until one of them is removed.

    The older one goes on, so that adding a server twice takes no server away.
    """
    other = context.state.nodes.get(other_id)
    if other is None or other is node or not other.is_readable:
        return  # prompts that a removed node, or another fleet, left there
    elder, younger = sorted((node, other), key=lambda one: (one.created_at, one.id))
    if younger.health.double_of == elder.id:
        return
    younger.health.double_of = elder.id
    add_node_event(context, younger, NodeQuarantined, duplicate_reason(elder))


def duplicate_reason(elder: Node) -> str:
    settings = elder.settings
    return f"the same server as node {settings.name} ({settings.base_url}): remove one of them"


def quarantine_reason(context: StepContext, node: Node) -> str | None:
    """Give the reason of a quarantine, for people; None if the node is not in quarantine."""
    elder = context.state.nodes.get(node.health.double_of) if node.health.double_of else None
    if elder:
        return duplicate_reason(elder)
    health = node.health
    if not health.is_quarantined:
        return None
    reason = health.reason or "it does harm"
    if not health.trial:
        return reason
    return f"{reason}; {node.contact.reason or 'a trial has to succeed on it first'}"
