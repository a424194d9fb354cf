"""What a change of a workflow means to the world: no fact, or one or two."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from contracts.registry.facts import (
    WorkflowActivated,
    WorkflowDeactivated,
    WorkflowDeleted,
    WorkflowFact,
    WorkflowVersionStored,
)
from contracts.registry.workflows import WorkflowName
from workflow_registry.domain.catalogue import Change


def told(
    before: WorkflowName | None, change: Change, author: UUID | None, now: datetime
) -> tuple[Change, list[WorkflowFact]]:
    """The change with the workflow's facts counted, and the new ones."""
    kinds = kinds_of(before, change)
    known = change.workflow.event_version
    facts = [
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
    counted = change.workflow.model_copy(update={"event_version": known + len(facts)})
    return replace(change, workflow=counted), facts


def kinds_of(
    before: WorkflowName | None, change: Change
) -> list[tuple[type[WorkflowFact], int | None]]:
    """Which facts, each with the version that it is about."""
    after, number = change.workflow, running(change.workflow)
    kinds: list[tuple[type[WorkflowFact], int | None]] = []
    if change.added:
        kinds.append((WorkflowVersionStored, change.number))
    if after.is_deleted and not (before and before.is_deleted):
        kinds.append((WorkflowDeleted, None))
    elif number is not None and number != running(before):
        kinds.append((WorkflowActivated, number))
    elif number is None and running(before) is not None:
        kinds.append((WorkflowDeactivated, None))
    return kinds


def running(workflow: WorkflowName | None) -> int | None:
    """The version that the name alone means, if it can be run."""
    return workflow.active_version if workflow and workflow.is_enabled else None
