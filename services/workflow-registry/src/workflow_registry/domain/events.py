"""Derives the events of a change: none, one or two."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from contracts.registry.workflows import (
    WorkflowActivated,
    WorkflowDeactivated,
    WorkflowDeleted,
    WorkflowEntry,
    WorkflowFact,
    WorkflowVersionStored,
)
from workflow_registry.domain.lifecycle import Change


def with_events(
    before: WorkflowEntry | None, change: Change, author: UUID | None, now: datetime
) -> tuple[Change, list[WorkflowFact]]:
    """Return the change with its events counted in the workflow, and the events."""
    kinds = event_kinds(before, change)
    known = change.workflow.event_version
    events = [
        kind.model_validate(
            {
                "name": change.workflow.name,
                "source": change.workflow.source,
                "actor_id": author,
                "version": known + place,
                "occurred_at": now,
                "workflow_version": number,
                "hash": change.workflow.versions.get(number or 0),
            }
        )
        for place, (kind, number) in enumerate(kinds, 1)
    ]
    counted = change.workflow.model_copy(update={"event_version": known + len(events)})
    return replace(change, workflow=counted), events


def event_kinds(
    before: WorkflowEntry | None, change: Change
) -> list[tuple[type[WorkflowFact], int | None]]:
    """Return the classes of the events, each with the number of its version."""
    after, number = change.workflow, submittable(change.workflow)
    kinds: list[tuple[type[WorkflowFact], int | None]] = []
    if change.added:
        kinds.append((WorkflowVersionStored, change.number))
    if after.is_deleted and not (before and before.is_deleted):
        kinds.append((WorkflowDeleted, None))
    elif number is not None and number != submittable(before):
        kinds.append((WorkflowActivated, number))
    elif number is None and submittable(before) is not None:
        kinds.append((WorkflowDeactivated, None))
    return kinds


def submittable(workflow: WorkflowEntry | None) -> int | None:
    """Return the version that a submission by name alone gets; None if there is none."""
    return workflow.active_version if workflow and workflow.is_enabled else None
