"""Adds events about jobs and nodes to the effects.

A job's transition has set its version already; `add_node_event` sets the node's.
"""

from typing import Any

from contracts.scheduler.job_events import JobEvent
from contracts.scheduler.node_events import NodeEvent
from scheduler.domain.context import StepContext
from scheduler.domain.jobs import Job
from scheduler.domain.node_entries import put_node_entry
from scheduler.domain.nodes import Node


def add_job_event(context: StepContext, job: Job, event: type[JobEvent], **details: Any) -> None:
    """Add an event under the version that the job already has."""
    context.effects.events.append(
        event(
            version=job.version,
            occurred_at=context.now.wall,
            job_id=job.id,
            owner_id=job.owner_id,
            status=job.status,
            workflow=job.request.workflow,
            batch_id=job.request.batch_id,
            labels=job.request.labels,
            **details,
        )
    )


def add_node_event(
    context: StepContext,
    node: Node,
    event: type[NodeEvent],
    reason: str | None = None,
    **details: Any,
) -> None:
    """Give the node its next version, add an event under it and renew the node's entry."""
    node.version += 1
    put_node_entry(context, node)
    context.effects.events.append(
        event(
            version=node.version,
            occurred_at=context.now.wall,
            node_id=node.id,
            name=node.settings.name,
            reason=reason,
            **details,
        )
    )
