"""Decides which of the free nodes suits a job best, and whether a better one is worth a wait.

A node where the job failed is the last choice, never the only one: the job waits a while for a
better node that is merely busy, then takes what there is.
"""

from scheduler.domain.availability import is_free_soon
from scheduler.domain.context import StepContext
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import Kind


def best_node(context: StepContext, job: Job, kind: Kind, free: list[Node]) -> Node | None:
    """Return the best free node for the job; None if there is none, or a better one comes soon."""
    ids = eligible_nodes(context.state, kind)
    if not ids:
        return None
    eligible = (node for node in free if node.id in ids)
    best = max(eligible, key=lambda node: preference(kind, node), default=None)
    if best and is_patient(context, job) and comes_better(context, kind, best):
        return None
    return best


def is_patient(context: StepContext, job: Job) -> bool:
    """Return whether the job waits for a better node than one where it failed."""
    return job.patient_until > context.now.steady


def preference(kind: Kind, node: Node) -> tuple[int, bool, bool, bool, int, float]:
    """Prefer a node that has nothing else to do, then one that has the models loaded.

    The operator's priority comes next, then the longest rest.
    """
    return (
        -doubt(kind, node),
        kind.version_hash not in node.refused_versions,
        not node.contact.foreign_prompts,
        bool(kind.models) and node.warm_models == kind.models,
        node.settings.priority,
        -node.given_at,
    )


def doubt(kind: Kind, node: Node) -> int:
    """Return 2 for a node where the job failed, 1 for one that has too little memory, else 0."""
    if node.id in kind.avoid:
        return 2
    return int(0 < node.capabilities.vram_mb <= kind.outgrown_mb)


def comes_better(context: StepContext, kind: Kind, node: Node) -> bool:
    """Return whether a node in whose favor more speaks could run the kind soon."""
    limit, nodes = doubt(kind, node), context.state.nodes
    return limit > 0 and any(
        doubt(kind, nodes[node_id]) < limit and is_free_soon(context, nodes[node_id])
        for node_id in eligible_nodes(context.state, kind)
    )
