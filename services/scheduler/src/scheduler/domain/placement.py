"""Which waiting job goes to which free node.

Late binding: a node gets a job only when its slot is free. Classes of service in order; within
a class owners take turns, each with its oldest job that some free node can run. Among free
nodes the one that was last given the same models is preferred: they are probably still loaded.
"""

from collections.abc import Iterator

from contracts.access import Priority
from scheduler.domain.capability import capable_nodes
from scheduler.domain.health import is_quarantined, quarantine_reason
from scheduler.domain.jobs import Job
from scheduler.domain.lifecycle import start_job
from scheduler.domain.nodes import Node, Standing
from scheduler.domain.turn import Turn
from scheduler.domain.waiting import Kind, Lines

MOST_UPLOADING = 8


def place_jobs(turn: Turn) -> None:
    """Give jobs to free nodes until one side runs out."""
    if not turn.state.waiting:
        return
    free = [node for node in turn.state.nodes.values() if reason_not_free(turn, node) is None]
    blocked: set[Kind] = set()
    for priority in Priority:
        while free and (found := next_match(turn, priority, free, blocked)):
            job, node = found
            free.remove(node)
            node.warm_models = job.spec.requirements.models
            node.given_at = turn.now.steady
            start_job(turn, job, node)
            turn.state.waiting.end_turn(priority, job.owner_id)


def next_match(
    turn: Turn, priority: Priority, free: list[Node], blocked: set[Kind]
) -> tuple[Job, Node] | None:
    """The next job of a class that a free node can run; kinds that none can are `blocked`."""
    for _, lines in turn.state.waiting.turns(priority):
        best: tuple[Job, Node] | None = None
        for job, node in matches(turn, lines, free, blocked):
            if best is None or job.created_at < best[0].created_at:
                best = job, node
        if best:
            return best
    return None


def matches(
    turn: Turn, lines: Lines, free: list[Node], blocked: set[Kind]
) -> Iterator[tuple[Job, Node]]:
    """The oldest job of each kind that can start, with the best node for it."""
    for kind, line in lines.items():
        if kind in blocked:
            continue
        if node := best_node(turn, kind, free):
            yield next(iter(line.values())), node
        else:
            blocked.add(kind)


def best_node(turn: Turn, kind: Kind, free: list[Node]) -> Node | None:
    capable = capable_nodes(turn.state, kind)
    fitting = [node for node in free if node.id in capable]
    if kind.avoid and fitting:
        fitting = [node for node in fitting if node.id not in kind.avoid] or (
            [] if has_alternative(turn, kind) else fitting
        )
    return max(fitting, key=lambda node: preference(kind, node), default=None)


def preference(kind: Kind, node: Node) -> tuple[bool, int, float]:
    """Warm first, then the operator's priority, then who has rested longest."""
    is_warm = bool(kind.models) and node.warm_models == kind.models
    return is_warm, node.spec.priority, -node.given_at


def has_alternative(turn: Turn, kind: Kind) -> bool:
    """Say whether a node that need not be avoided could run it soon: then it is waited for."""
    return any(
        node_id not in kind.avoid and is_in_service(turn, turn.state.nodes[node_id])
        for node_id in capable_nodes(turn.state, kind)
    )


def is_in_service(turn: Turn, node: Node) -> bool:
    return (
        node.standing is Standing.JOINED
        and node.contact.is_reachable
        and not is_quarantined(turn, node)
    )


def reason_not_free(turn: Turn, node: Node) -> str | None:
    """Why a node gets nothing now, for people; None if it can take a job."""
    if not node.spec.is_enabled:
        return "disabled"
    if node.standing is not Standing.JOINED:
        return reason_not_joined(node)
    if reason := quarantine_reason(turn, node):
        return reason
    if not node.contact.is_reachable:
        return node.contact.reason or "ComfyUI does not answer"
    if node.rests_until > turn.now.steady:
        return "it refused the last order"
    return reason_full(node)


def reason_not_joined(node: Node) -> str:
    if node.agent_id is None:
        return f"no agent of pool {node.spec.pool} has it in hand"
    if node.standing is Standing.LOST or node.contact.beat_at is None:
        return "nothing is heard of its agent"
    return node.contact.reason or "its agent does not know yet what it can run"


def reason_full(node: Node) -> str | None:
    if node.contact.strangers:
        return "stops an attempt that is over"
    if any(attempt.holds_slot for attempt in node.attempts.values()):
        return "busy"
    if len(node.attempts) >= MOST_UPLOADING:
        return "too many results wait for their upload"
    if node.contact.foreign_prompts >= node.spec.max_queue:
        return "full of prompts from elsewhere"
    return None
