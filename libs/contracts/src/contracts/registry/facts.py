"""The facts of a workflow's life, for whoever keeps up with what can be run.

Thin: which workflow and which version of it; graph and spec are fetched by those who want them.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event


class WorkflowFact(Event):
    """Fields of every event about a workflow."""

    sent_by: ClassVar = ("workflow-registry",)

    name: str = Field(description="Address of the workflow.")
    source: Literal["folder", "manifest", "api"] = Field(description="Origin of the workflow.")
    actor_id: UUID | None = Field(
        default=None, description="The user who did it; None: a file changed."
    )

    def aggregate_id(self) -> str:
        return self.name


class VersionFact(WorkflowFact):
    """A fact about one version."""

    workflow_version: int = Field(description="Number of the workflow's version.")
    hash: str = Field(description="SHA-256 over its graph and spec.")


class WorkflowVersionStored(VersionFact):
    """A new version passed all checks; it is a draft until it is activated."""

    subject: ClassVar[str] = "event.workflow.version_stored.v1.{name}"


class WorkflowActivated(VersionFact):
    """The workflow's name means this version from now on, or it was switched on with it."""

    subject: ClassVar[str] = "event.workflow.activated.v1.{name}"


class WorkflowDeactivated(WorkflowFact):
    """Nothing can be submitted by name: it was switched off, or its file is gone."""

    subject: ClassVar[str] = "event.workflow.deactivated.v1.{name}"


class WorkflowDeleted(WorkflowFact):
    """Nothing of it can be run any more; its versions can be read."""

    subject: ClassVar[str] = "event.workflow.deleted.v1.{name}"


WORKFLOW_FACTS: tuple[type[WorkflowFact], ...] = (
    WorkflowVersionStored,
    WorkflowActivated,
    WorkflowDeactivated,
    WorkflowDeleted,
)
