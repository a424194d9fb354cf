"""Say what happened to a job or a node: each fact takes the next version of its aggregate."""

from typing import Any

from contracts.scheduler.jobs import JobFact
from contracts.scheduler.node_facts import NodeFact
from contracts.scheduler.nodes import NodeSpec
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.turn import Turn


def tell_job(turn: Turn, job: Job, fact: type[JobFact], **details: Any) -> None:
    """Publish a fact about a job, which has its version already."""
    turn.effects.events.append(
        fact(
            version=job.version,
            occurred_at=turn.now.wall,
            job_id=job.id,
            owner_id=job.owner_id,
            status=job.status,
            workflow=job.spec.workflow,
            batch_id=job.spec.batch_id,
            labels=job.spec.labels,
            **details,
        )
    )


def tell_node(turn: Turn, node: Node, fact: type[NodeFact], reason: str | None = None) -> None:
    """Publish a fact about a node."""
    node.version += 1
    turn.effects.nodes[node.id] = node
    turn.effects.events.append(
        fact(
            version=node.version,
            occurred_at=turn.now.wall,
            node_id=node.id,
            name=node.spec.name,
            reason=reason,
        )
    )


def spec_of(node: Node) -> NodeSpec:
    """The node as agents see it in bucket `nodes`."""
    return NodeSpec(
        node_id=node.id,
        agent_id=node.agent_id,
        claim=node.claim,
        is_claimable=node.is_claimable,
        trial=node.health.trial,
        **node.spec.model_dump(),
    )


def show_node(turn: Turn, node: Node) -> None:
    """Save a node and let agents see it as it is now."""
    turn.effects.nodes[node.id] = node
    turn.effects.specs[node.id] = spec_of(node)
