"""Workflows as the registry publishes them, for others to cache, and the events about them."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.event import Event
from contracts.scheduler.nodes import EngineName
from contracts.values import Unmet


class WorkflowEntry(BaseModel):
    """A workflow and its versions. Value of bucket `workflows`, key `name.<name>`."""

    name: str = Field(description="Address of the workflow.")
    active_version: int | None = Field(
        description="The active version; null: submissions must name a version."
    )
    versions: dict[int, str] = Field(
        description="Version number → hash: the active one, the newest 400 that were ever active, "
        "and the newest 100 drafts."
    )
    drafts: list[int] = Field(
        default_factory=list[int], description="Versions that were never active."
    )
    title: str | dict[str, str] = Field(description="Name for people, by language.")
    description: str | dict[str, str] = Field(
        default="", description="Purpose of the workflow, by language."
    )
    category: str = Field(description="Category under which it is listed.")
    own_category: str | None = Field(
        default=None, description="Category that an operator chose over the spec's."
    )
    requires_mask: bool = Field(default=False, description="The workflow needs a mask.")
    problem: str | None = Field(
        default=None, description="Reason for refusing its newest source, if it was refused."
    )
    source: Literal["folder", "manifest", "api"] = Field(
        default="folder", description="Origin of its versions; only that origin may change it."
    )
    is_enabled: bool = Field(default=True, description="False: an operator switched it off.")
    is_deleted: bool = Field(
        default=False, description="Its versions can be read and not be run any more."
    )
    is_runnable: bool | None = Field(
        default=None,
        description="Some node can run the active version now; null: not known yet.",
    )
    unmet: list[Unmet] = Field(
        default_factory=list[Unmet],
        description="If no node can run it: requirements that the best node does not meet.",
    )
    event_version: int = Field(default=0, description="`version` of the newest event about it.")


class FolderReading(BaseModel):
    """The registry has read its folder once. Value of bucket `workflows`, key `folder`.

    It follows the names that the folder gave. Before it, an unknown workflow may be about to exist.
    """


class ModelFolder(BaseModel):
    """Model files that some node has. Value of bucket `workflows`, key `models.<folder>`.

    Names that do not fit into it follow on pages of their own, under `models.<folder>.<page>`.
    """

    folder: str = Field(description="Model folder of the engine.")
    names: list[str] = Field(description="File names as the engine lists them, sorted.")
    page: int = Field(default=0, description="Number of this page of the folder, from 0.")


class ServerClasses(BaseModel):
    """Inputs that servers of one kind take. Value of bucket `workflows`, key `classes.<digest>`.

    Holds only the graph-node classes that stored workflows use, without texts for people. A
    missing class does not mean that these servers lack it.
    """

    digest: str = Field(description="Digest of the description that these servers share.")
    engine: EngineName = "comfyui"
    classes: dict[str, dict[str, Any]] = Field(
        description="By name, in the format of the engine; of ComfyUI `input`, `output` and "
        "`output_node`, as `object_info` has them, and `is_custom` for a class of a custom node."
    )


class WorkflowVersionRecord(BaseModel):
    """Graph and spec. Value of bucket `workflows`, key `version.<hash>`; at most 512 KiB.

    A raw graph is a version too, named `graph` and numbered 0.
    `editor_file` is the file of ComfyUI's editor of which the graph was made, as JSON in `text`,
    and `places`: where values of the graph stand in it.
    """

    name: str
    version: int
    hash: str
    graph: dict[str, Any]
    spec: dict[str, Any]
    editor_file: dict[str, Any] | None = None


class WorkflowFact(Event):
    """Fields of every event about a workflow; bucket `workflows` has the graph and the spec."""

    sent_by: ClassVar = ("workflow-registry",)
    aggregate_key = "name"

    name: str = Field(description="Address of the workflow.")
    source: Literal["folder", "manifest", "api"] = Field(description="Origin of the workflow.")
    actor_id: UUID | None = Field(
        default=None, description="The user who did it; null: a file changed."
    )


class VersionFact(WorkflowFact):
    """Fields of every event about one version."""

    workflow_version: int = Field(description="Number of the workflow's version.")
    hash: str = Field(description="SHA-256 over its graph, spec and editor file.")


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
