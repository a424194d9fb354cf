"""Requests to the workflow registry: upload, activate and compare versions, find nodes for them.

Graph and spec travel as parsed JSON. Every command of a person carries the actor, who needs the
permission `workflows:write`.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import UserCommand, UserQuery
from contracts.errors import FieldError
from contracts.message import Command, Query
from contracts.registry.workflows import WorkflowEntry
from contracts.scheduler.nodes import NodePhase
from contracts.values import Page, Unmet

WARNINGS = (
    "Values that the spec allows and a graph-node class refuses: limits, choices; and parts of a "
    "saved file that its conversion left out. At most 100, as many as fit."
)
WARNING_COUNT = "All warnings, listed or not."


class NodeCoverage(BaseModel):
    """Answer of one node: whether it can run a version with its inputs at their defaults."""

    node_id: UUID = Field(description="The node.")
    name: str = Field(description="Name of the node, for people.")
    phase: NodePhase = Field(
        description="Its phase; `ready` nodes get jobs, `busy` ones when their slot is free."
    )
    is_described: bool = Field(
        description="False: the registry does not know yet what the node can run."
    )
    is_runnable: bool = Field(description="The node meets all requirements.")
    unmet: list[Unmet] = Field(
        default_factory=list[Unmet], description="Requirements that the node does not meet."
    )


class CoverageView(BaseModel):
    """The nodes that can run a version, and the requirements that the others do not meet."""

    is_runnable: bool | None = Field(
        description="Some node that takes jobs can run it; null: no node is described yet."
    )
    nodes: list[NodeCoverage] = Field(
        default_factory=list[NodeCoverage],
        description="The first nodes of the fleet, as many as fit into the answer.",
    )
    node_count: int = Field(default=0, description="All nodes of the fleet, listed or not.")


class Difference(BaseModel):
    """One place in which two versions differ."""

    path: str = Field(description="Path of the value: `graph.3.inputs.steps`, `spec.inputs.seed`.")
    kind: Literal["added", "removed", "changed"] = Field(description="Kind of the difference.")
    before: Any = Field(default=None, description="Value in the older version.")
    after: Any = Field(default=None, description="Value in the newer version.")


class UploadView(BaseModel):
    """The version that an upload created or found."""

    name: str = Field(description="Address of the workflow.")
    version: int = Field(description="Number of the version.")
    hash: str = Field(description="SHA-256 over graph, spec and editor file.")
    is_new: bool = Field(description="False: this content was uploaded before.")
    is_active: bool = Field(description="This version is the active one.")
    coverage: CoverageView = Field(
        description="Nodes that can run it, and unmet requirements of the others."
    )
    warnings: list[FieldError] = Field(default_factory=list[FieldError], description=WARNINGS)
    warning_count: int = Field(default=0, description=WARNING_COUNT)


class UploadWorkflow(UserCommand[UploadView]):
    """Check graph and spec, and keep them as a draft; the same content is the same version.

    Errors: Invalid, Forbidden, Conflict (`other_source`: a folder owns the workflow).
    """

    subject: ClassVar[str] = "command.registry.upload_workflow.v1"
    spec: dict[str, Any]
    graph: dict[str, Any]
    library: dict[str, Any] | None = Field(
        default=None, description="Parameter library for `use`; null: that of the folder."
    )
    activate: bool = Field(default=False, description="Activate the version at once.")


class ValidationView(BaseModel):
    """The version that an upload would become."""

    name: str = Field(description="Address of the workflow.")
    hash: str = Field(description="SHA-256 over graph, spec and editor file.")
    version: int | None = Field(
        description="Number of the version that has this content already, if any."
    )
    spec: dict[str, Any] = Field(description="The spec with the parameter library resolved.")
    coverage: CoverageView = Field(
        description="Nodes that can run it, and unmet requirements of the others."
    )
    differences: list[Difference] = Field(
        default_factory=list[Difference],
        description="Against the active version, at most 200, as many as fit.",
    )
    difference_count: int = Field(default=0, description="All differences, listed or not.")
    warnings: list[FieldError] = Field(default_factory=list[FieldError], description=WARNINGS)
    warning_count: int = Field(default=0, description=WARNING_COUNT)


class ValidateWorkflow(UserQuery[ValidationView]):
    """Make all checks of an upload and change nothing. Errors: Invalid, Forbidden."""

    subject: ClassVar[str] = "query.registry.validate_workflow.v1"
    spec: dict[str, Any]
    graph: dict[str, Any]
    library: dict[str, Any] | None = Field(
        default=None, description="Parameter library for `use`; null: that of the folder."
    )


class ProposalView(BaseModel):
    """A draft of a spec."""

    spec: dict[str, Any] = Field(description="The draft; it passes all checks.")
    graph: dict[str, Any] = Field(description="The graph in API format.")
    warnings: list[FieldError] = Field(
        default_factory=list[FieldError],
        description=(
            "Parts of a saved file that its conversion left out, and places of the graph that the "
            "servers refuse, such as a required input without a value. At most 100, as many as fit."
        ),
    )
    warning_count: int = Field(default=0, description=WARNING_COUNT)


class ProposeSpec(UserQuery[ProposalView]):
    """Draft a spec for a bare graph. Errors: Invalid, Forbidden."""

    subject: ClassVar[str] = "query.registry.propose_spec.v1"
    name: str = Field(max_length=63, description="Address of the new workflow.")
    graph: dict[str, Any]


class ActivateVersion(UserCommand[WorkflowEntry]):
    """Activate a version; an older version makes this a rollback.

    Errors: NotFound, Forbidden, Conflict (`other_source`).
    """

    subject: ClassVar[str] = "command.registry.activate_version.v1"
    name: str = Field(max_length=63)
    version: int


class ChangeWorkflow(UserCommand[WorkflowEntry]):
    """Switch a workflow on or off, or list it elsewhere; null changes nothing.

    Errors: NotFound, Forbidden, Conflict (`other_source`: it is listed where its folder says).
    """

    subject: ClassVar[str] = "command.registry.change_workflow.v1"
    name: str = Field(max_length=63)
    is_enabled: bool | None = None
    category: Literal["image", "video", "audio", "3d", "utility"] | None = None


class DeleteWorkflow(UserCommand[WorkflowEntry]):
    """Delete a workflow. Its jobs and versions stay readable; new jobs are refused.

    Errors: NotFound, Forbidden, Conflict (`other_source`).
    """

    subject: ClassVar[str] = "command.registry.delete_workflow.v1"
    name: str = Field(max_length=63)


class VersionSummary(BaseModel):
    """One version of a workflow."""

    version: int = Field(description="Number of the version.")
    hash: str = Field(description="SHA-256 over graph, spec and editor file.")
    status: Literal["draft", "active", "inactive"] = Field(
        description="A draft was never active; an inactive version was active earlier."
    )
    created_at: datetime = Field(description="When the version was stored.")
    created_by: UUID | None = Field(
        default=None, description="The user who uploaded it; null: it came from a folder."
    )
    activated_at: datetime | None = Field(
        default=None, description="When the version was first active."
    )


class VersionPage(Page[VersionSummary]):
    """The versions of a workflow, newest first; at most the newest 500."""


class ListVersions(UserQuery[VersionPage]):
    """List the versions of a workflow. Errors: NotFound."""

    subject: ClassVar[str] = "query.registry.list_versions.v1"
    name: str = Field(max_length=63)


class FindCoverage(UserQuery[CoverageView]):
    """Find the nodes that can run a version now. Errors: NotFound."""

    subject: ClassVar[str] = "query.registry.find_coverage.v1"
    version_hash: str = Field(max_length=64)


class DescriptionView(BaseModel):
    """Answer whether the registry knows a description."""

    is_known: bool


class FindDescription(Query[DescriptionView]):
    """Ask whether the registry knows a description; many servers have the same one."""

    subject: ClassVar[str] = "query.registry.find_description.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    digest: str = Field(pattern=r"^[0-9a-f]{32}$")


class StoreDescription(Command[DescriptionView]):
    """Store one page of a server's description; the last page completes it.

    All pages together are a zlib-compressed JSON object, whose blake2b of 16 bytes is the digest.
    Its key `engine` names the engine, which decides the format of the rest; ComfyUI has `version`,
    `object_info` and `models`. Errors: Invalid (`bad_page`,
    `digest_mismatch`).
    """

    subject: ClassVar[str] = "command.registry.store_description.v1.{node_id}"
    sent_by: ClassVar = ("node-agent",)
    node_id: UUID
    digest: str = Field(pattern=r"^[0-9a-f]{32}$")
    page: int = Field(ge=0, description="Number of this page, from 0.")
    pages: int = Field(ge=1, le=64, description="Total number of pages.")
    data: str = Field(max_length=480_000, description="Base64.", repr=False)
