"""Declares the events about workflows.

They name the workflow and the version; readers fetch graph and spec from bucket `workflows`.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event


class WorkflowFact(Event):
    """Fields of every event about a workflow."""

    sent_by: ClassVar = ("workflow-registry",)
    aggregate_key = "name"

    name: str = Field(description="Address of the workflow.")
    source: Literal["folder", "manifest", "api"] = Field(description="Origin of the workflow.")
    actor_id: UUID | None = Field(
        default=None, description="The user who did it; None: a file changed."
    )


class VersionFact(WorkflowFact):
    """Fields of every event about one version."""

    workflow_version: int = Field(description="Number of the workflow's version.")
    hash: str = Field(description="SHA-256 over its graph and spec.")


class WorkflowVersionStored(VersionFact):
    """A new version passed all checks; it is a draft until it is activated."""

    subject: ClassVar[str] = "event.workflow.version_stored.v1.{name}"


class WorkflowActivated(VersionFact):
    """The version became the active one, or the workflow was enabled with it."""

    subject: ClassVar[str] = "event.workflow.activated.v1.{name}"


class WorkflowDeactivated(WorkflowFact):
    """The workflow has no active version any more: it was disabled, or its file was removed."""

    subject: ClassVar[str] = "event.workflow.deactivated.v1.{name}"


class WorkflowDeleted(WorkflowFact):
    """No version of the workflow can run any more; all of them can still be read."""

    subject: ClassVar[str] = "event.workflow.deleted.v1.{name}"
