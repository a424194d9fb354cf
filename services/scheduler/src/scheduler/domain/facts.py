"""Publishes facts about jobs and nodes: each fact takes the next version of its aggregate."""

from typing import Any

from contracts.scheduler.jobs import JobFact
from contracts.scheduler.node_facts import NodeFact
from contracts.scheduler.nodes import NodeSpec
from scheduler.domain.jobs import Job
from scheduler.domain.nodes import Node
from scheduler.domain.step import Step


def publish_job_fact(step: Step, job: Job, fact: type[JobFact], **details: Any) -> None:
    """Publish a fact under the version that the job already has."""
    step.effects.events.append(
        fact(
            version=job.version,
            occurred_at=step.now.wall,
            job_id=job.id,
            owner_id=job.owner_id,
            status=job.status,
            workflow=job.spec.workflow,
            batch_id=job.spec.batch_id,
            labels=job.spec.labels,
            **details,
        )
    )


def publish_node_fact(
    step: Step, node: Node, fact: type[NodeFact], reason: str | None = None
) -> None:
    """Give the node its next version and publish a fact under it."""
    node.version += 1
    step.effects.nodes[node.id] = node
    step.effects.events.append(
        fact(
            version=node.version,
            occurred_at=step.now.wall,
            node_id=node.id,
            name=node.spec.name,
            reason=reason,
        )
    )


def node_spec(node: Node) -> NodeSpec:
    """Return the node's entry in bucket `nodes`, which agents watch."""
    return NodeSpec(
        node_id=node.id,
        agent_id=node.agent_id,
        claim=node.claim,
        is_claimable=node.is_claimable,
        trial=node.health.trial,
        **node.spec.model_dump(),
    )


def put_node_spec(step: Step, node: Node) -> None:
    """Save a node and put its entry into bucket `nodes`."""
    step.effects.nodes[node.id] = node
    step.effects.specs[node.id] = node_spec(node)
