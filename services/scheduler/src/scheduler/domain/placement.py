"""Decides which waiting job goes to which free node.

Late binding: a node gets a job only when its slot is free. The scheduler serves higher priorities
first. Within one priority, owners take turns, each with the oldest job that some free node can run.
Among free nodes the one that was last given the same models is preferred: they are probably still
loaded.
"""

from collections.abc import Iterator

from contracts.access import Priority
from scheduler.domain.context import StepContext
from scheduler.domain.health import quarantine_reason
from scheduler.domain.jobs import Job
from scheduler.domain.lifecycle import start_job
from scheduler.domain.nodes import ClaimStatus, Node
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import Kind, Lines

MOST_UPLOADING = 8


def place_jobs(context: StepContext) -> None:
    """Give jobs to free nodes until one side runs out."""
    if not context.state.startable:
        return
    free = [node for node in context.state.nodes.values() if reason_not_free(context, node) is None]
    blocked: set[Kind] = set()
    for priority in Priority:
        while free and (found := next_match(context, priority, free, blocked)):
            job, node = found
            free.remove(node)
            node.warm_models = job.request.requirements.models
            node.given_at = context.now.steady
            start_job(context, job, node)
            context.state.startable.end_turn(priority, job.owner_id)


def next_match(
    context: StepContext, priority: Priority, free: list[Node], blocked: set[Kind]
) -> tuple[Job, Node] | None:
    """Find the priority's next job that a free node can run; block kinds that none can run."""
    for lines in context.state.startable.turns(priority):
        found = matches(context, lines, free, blocked)
        if best := min(found, key=lambda match: match[0].created_at, default=None):
            return best
    return None


def matches(
    context: StepContext, lines: Lines, free: list[Node], blocked: set[Kind]
) -> Iterator[tuple[Job, Node]]:
    """Yield the oldest job of each kind that can start, with the best node for it."""
    for kind, line in lines.items():
        if kind in blocked:
            continue
        if node := best_node(context, kind, free):
            yield next(iter(line.values())), node
        else:
            blocked.add(kind)


def best_node(context: StepContext, kind: Kind, free: list[Node]) -> Node | None:
    ids = eligible_nodes(context.state, kind)
    eligible = [node for node in free if node.id in ids]
    if kind.avoid and eligible:
        eligible = [node for node in eligible if node.id not in kind.avoid] or (
            [] if has_alternative(context, kind) else eligible
        )
    return max(eligible, key=lambda node: preference(kind, node), default=None)


def preference(kind: Kind, node: Node) -> tuple[bool, int, float]:
    """Prefer a warm node, then the operator's priority, then the longest rest."""
    is_warm = bool(kind.models) and node.warm_models == kind.models
    return is_warm, node.settings.priority, -node.given_at


def has_alternative(context: StepContext, kind: Kind) -> bool:
    """Return whether a node outside `avoid` could run the kind soon: then the job waits for it."""
    return any(
        node_id not in kind.avoid and is_in_service(context, context.state.nodes[node_id])
        for node_id in eligible_nodes(context.state, kind)
    )


def is_in_service(context: StepContext, node: Node) -> bool:
    return (
        node.claim_status is ClaimStatus.JOINED
        and node.contact.is_reachable
        and not quarantine_reason(context, node)
    )


def reason_not_free(context: StepContext, node: Node) -> str | None:
    """Give the reason why a node gets no job now, for people; None if it can take one."""
    if not node.settings.is_enabled:
        return "disabled"
    if node.claim_status is not ClaimStatus.JOINED:
        return reason_not_joined(node)
    if reason := quarantine_reason(context, node):
        return reason
    if not node.contact.is_reachable:
        return node.contact.reason or "the engine does not answer"
    if node.rests_until > context.now.steady:
        return "it refused the last order"
    return reason_full(node)


def reason_not_joined(node: Node) -> str:
    if node.agent_id is None:
        return f"no agent of pool {node.settings.pool} has claimed it"
    if node.claim_status is ClaimStatus.LOST or node.contact.beat_at is None:
        return "nothing is heard of its agent"
    return node.contact.reason or "its agent does not know yet what the server can run"


def reason_full(node: Node) -> str | None:
    if node.contact.recalled:
        return "stops an attempt that is over"
    if any(attempt.holds_slot for attempt in node.attempts.values()):
        return "its slot is taken"
    if len(node.attempts) >= MOST_UPLOADING:
        return "too many results wait for their upload"
    if node.contact.foreign_prompts >= node.settings.max_queue:
        return "full of prompts from elsewhere"
    return None
