"""Filter of nodes for one job: whether to wait for a better node than one where it failed.

A node where the job failed is the last choice, never the only one: the job waits a while for a
better node that is merely busy, then takes what there is.
"""

from scheduler.domain.availability import is_free_soon
from scheduler.domain.context import StepContext
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.obstacles import Obstacle
from scheduler.domain.requirements import eligible_nodes
from scheduler.domain.startable import Kind


def avoided(context: StepContext, job: Job, kind: Kind, node: Node) -> Obstacle | None:
    """Object to a doubtful node as long as the job has patience and a better one could come."""
    if not is_patient(context, job) or not comes_better(context, kind, node):
        return None
    if doubt(kind, node) == 1:
        text = f"not enough VRAM: the job needs more than {kind.outgrown_mb} MB"
        return Obstacle("too_small", text)
    return Obstacle("avoided", "the job failed on it, and waits for a better server")


def is_patient(context: StepContext, job: Job) -> bool:
    return job.patient_until > context.now.steady


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
