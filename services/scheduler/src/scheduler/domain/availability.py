"""Filters of nodes: whether a node can take a job now or soon, whichever job it is."""

from typing import TypeAlias

from scheduler.domain.context import StepContext
from scheduler.domain.health import quarantine_reason
from scheduler.domain.nodes import ClaimStatus, Node
from scheduler.domain.obstacles import Filter, Obstacle, first_obstacle

MOST_UPLOADING = 8

UNREADABLE = Obstacle(
    "unreadable",
    "its row in the database cannot be read",
    "its row in the database cannot be read: repair it, or remove the node",
)
SILENT = Obstacle("silent", "nothing is heard of its agent")
JOINING = Obstacle("joining", "its agent does not know yet what the server can run")
UNTRIED = Obstacle("joining", "a trial has to succeed on its server first")
PAUSED = Obstacle("paused", "its server is started or replaced")
UNREACHABLE = Obstacle("unreachable", "the engine does not answer")
RESTING = Obstacle("resting", "it refused the last order")
STOPPING = Obstacle("stopping", "stops an attempt that is over")
LEFTOVER = Obstacle("stopping", "its engine still runs an attempt that is over")
FOREIGN_WORK = Obstacle("foreign_work", "full of prompts from elsewhere")
BUSY = Obstacle("busy", "its slot is taken")
UPLOADING = Obstacle("uploading", "too many results wait for their upload")


def disabled(_: StepContext, node: Node) -> Obstacle | None:
    if node.settings.is_enabled:
        return None
    return Obstacle("disabled", "disabled", "disabled" + waits_for(node))


def not_joined(_: StepContext, node: Node) -> Obstacle | None:
    if node.claim_status is ClaimStatus.JOINED:
        return None
    if not node.is_readable:
        return UNREADABLE
    if node.agent_id is None:
        machine = f" on machine {node.settings.machine}" if node.settings.machine else ""
        text = f"no agent of pool {node.settings.pool}{machine} has claimed it"
        return Obstacle("no_agent", "no agent has claimed it", text)
    if node.claim_status is ClaimStatus.LOST or node.contact.beat_at is None:
        return SILENT
    if node.capabilities.digest and node.health.is_untried and node.contact.is_reachable:
        return UNTRIED._replace(detail=node.contact.reason or behind_others(node))
    return JOINING._replace(detail=node.contact.reason)


def behind_others(node: Node) -> str | None:
    """Tell that the first trial waits for other people's work in the engine."""
    foreign = foreign_work(node)
    return f"{UNTRIED.message}, and waits for {foreign} there" if foreign else None


def quarantined(context: StepContext, node: Node) -> Obstacle | None:
    reason = quarantine_reason(context, node)
    return Obstacle("quarantined", "in quarantine for harm to jobs", reason) if reason else None


def paused(_: StepContext, node: Node) -> Obstacle | None:
    return PAUSED._replace(detail=node.contact.reason) if node.contact.is_paused else None


def unreachable(_: StepContext, node: Node) -> Obstacle | None:
    if node.contact.is_reachable:
        return None
    return UNREACHABLE._replace(detail=node.contact.reason)


def resting(context: StepContext, node: Node) -> Obstacle | None:
    return RESTING if node.rests_until > context.now.steady else None


def other_work(_: StepContext, node: Node) -> Obstacle | None:
    """Object if work that is no live attempt fills the node."""
    if node.contact.recalled:
        return STOPPING
    if node.contact.leftover_prompts:
        return LEFTOVER
    return FOREIGN_WORK if node.contact.foreign_prompts >= node.settings.max_queue else None


def busy(_: StepContext, node: Node) -> Obstacle | None:
    if any(attempt.holds_slot for attempt in node.attempts.values()):
        return BUSY
    return UPLOADING if len(node.attempts) >= MOST_UPLOADING else None


def draining(_: StepContext, node: Node) -> Obstacle | None:
    if not node.settings.is_draining:
        return None
    text = ("draining" if node.attempts else "drained") + waits_for(node)
    return Obstacle("draining", "takes no new jobs", text)


def waits_for(node: Node) -> str:
    """Name the jobs that a node without new ones still has, and prompts of other people."""
    ours, foreign = len(node.attempts), foreign_work(node)
    found = [f"{ours} job{'s' if ours > 1 else ''}"] if ours else []
    found += [foreign] if foreign else []
    return f": {' and '.join(found)} not finished yet" if found else ""


def foreign_work(node: Node) -> str:
    count = node.contact.foreign_prompts
    return f"{count} foreign prompt{'s' if count > 1 else ''}" if count else ""


NodeFilters: TypeAlias = tuple[Filter[StepContext, Node], ...]
OUT_OF_SERVICE: NodeFilters = (disabled, not_joined, quarantined, paused, unreachable, draining)
NOT_FREE_SOON: NodeFilters = (*OUT_OF_SERVICE, other_work)
NODE_FILTERS: NodeFilters = (*OUT_OF_SERVICE, resting, other_work, busy)
"""Every filter of a node, the most lasting obstacle first."""
LIKELIEST_FIRST = NODE_FILTERS[::-1]


def is_free(context: StepContext, node: Node) -> bool:
    return not first_obstacle(LIKELIEST_FIRST, context, node)


def is_in_service(context: StepContext, node: Node) -> bool:
    return not first_obstacle(OUT_OF_SERVICE, context, node)


def is_free_soon(context: StepContext, node: Node) -> bool:
    """Return whether the node is free, or will be when one of the fleet's own attempts ends."""
    return not first_obstacle(NOT_FREE_SOON, context, node)


def reason_not_free(context: StepContext, node: Node) -> str | None:
    """Give the reason why a node gets no job now, for people; None if it can take one."""
    obstacle = first_obstacle(NODE_FILTERS, context, node)
    return obstacle.in_full if obstacle else None
