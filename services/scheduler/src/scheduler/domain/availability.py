"""Tells whether a node can take a job now or soon, and why not."""

from scheduler.domain.context import StepContext
from scheduler.domain.health import quarantine_reason
from scheduler.domain.nodes import ClaimStatus, Node

MOST_UPLOADING = 8


def is_in_service(context: StepContext, node: Node) -> bool:
    return (
        node.settings.is_enabled
        and not node.settings.is_draining
        and node.claim_status is ClaimStatus.JOINED
        and node.contact.is_reachable
        and not quarantine_reason(context, node)
    )


def is_free_soon(context: StepContext, node: Node) -> bool:
    """Return whether the node is free, or will be when one of the fleet's own attempts ends."""
    return is_in_service(context, node) and reason_not_ours(node) is None


def reason_not_free(context: StepContext, node: Node) -> str | None:
    """Give the reason why a node gets no job now, for people; None if it can take one."""
    if not node.settings.is_enabled:
        return "disabled" + waits_for(node)
    if node.claim_status is not ClaimStatus.JOINED:
        return reason_not_joined(node)
    if reason := quarantine_reason(context, node):
        return reason
    return reason_paused(context, node) or reason_full(node)


def reason_paused(context: StepContext, node: Node) -> str | None:
    if not node.contact.is_reachable:
        return node.contact.reason or "the engine does not answer"
    if node.settings.is_draining:
        return ("draining" if node.attempts else "drained") + waits_for(node)
    return "it refused the last order" if node.rests_until > context.now.steady else None


def waits_for(node: Node) -> str:
    """Name the jobs that a node without new ones still has, and prompts of other people."""
    ours, foreign = len(node.attempts), node.contact.foreign_prompts
    found = [f"{ours} job{'s' if ours > 1 else ''}"] if ours else []
    found += [f"{foreign} foreign prompt{'s' if foreign > 1 else ''}"] if foreign else []
    return f": {' and '.join(found)} not finished yet" if found else ""


def reason_not_joined(node: Node) -> str:
    if not node.is_readable:
        return "its row in the database cannot be read: repair it, or remove the node"
    if node.agent_id is None:
        return f"no agent of pool {node.settings.pool} has claimed it"
    if node.claim_status is ClaimStatus.LOST or node.contact.beat_at is None:
        return "nothing is heard of its agent"
    return node.contact.reason or "its agent does not know yet what the server can run"


def reason_full(node: Node) -> str | None:
    if reason := reason_not_ours(node):
        return reason
    if any(attempt.holds_slot for attempt in node.attempts.values()):
        return "its slot is taken"
    if len(node.attempts) >= MOST_UPLOADING:
        return "too many results wait for their upload"
    return None


def reason_not_ours(node: Node) -> str | None:
    """Give the reason if other work than live attempts fills the node."""
    if node.contact.recalled:
        return "stops an attempt that is over"
    if node.contact.leftover_prompts:
        return "its engine still runs an attempt that is over"
    if node.contact.foreign_prompts >= node.settings.max_queue:
        return "full of prompts from elsewhere"
    return None
