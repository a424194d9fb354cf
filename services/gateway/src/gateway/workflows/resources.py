"""Workflows as the public API shows them: what the registry publishes, and parsed versions."""

import json
from typing import Any

from pydantic import BaseModel, Field

from contracts.registry.requests import Difference
from contracts.registry.workflows import WorkflowEntry
from contracts.values import Page, Unmet
from gateway.workflows.versions import ParsedVersion
from workflows.authoring.differences import differences


class Workflow(BaseModel):
    """A workflow that can be run by name."""

    name: str = Field(description="Its name in paths and references.")
    active_version: int | None = Field(
        description="The version that runs if a job names no version; null if there is none."
    )
    is_active: bool = Field(description="Whether it can be run by name alone.")
    versions: list[int] = Field(
        description="Versions that were ever active, at most the newest 400."
    )
    drafts: list[int] = Field(
        description="Versions that were never active, at most the newest 100; running one needs "
        "`workflows:write`."
    )
    title: str | dict[str, str] = Field(description="Name for people, by language.")
    description: str | dict[str, str] = Field(description="Description for people, by language.")
    category: str = Field(description="The category in which it is listed.")
    requires_mask: bool = Field(description="Whether it needs a mask.")
    problem: str | None = Field(
        description="Why its newest source was refused; null if it was not."
    )
    source: str = Field(description="`folder`, `manifest` or `api`: where its versions come from.")
    is_enabled: bool = Field(description="False: an operator switched it off.")
    is_deleted: bool = Field(
        description="Whether it was deleted: it can still be read, but not run."
    )
    is_runnable: bool | None = Field(
        description="Whether any node can run the active version now; null: not known yet. False "
        "if it is not active."
    )
    unmet: list[Unmet] = Field(
        description="If no node can run it: requirements that the best node does not meet."
    )


class WorkflowPage(Page[Workflow]):
    """A page of workflows, by name."""


class WorkflowDetail(Workflow):
    """One version of a workflow."""

    version: int = Field(description="Number of the version that is shown.")
    hash: str = Field(description="SHA-256 of graph, spec and editor file.")
    inputs: list[str] = Field(description="Names of its inputs, in the order of the form.")
    outputs: list[str] = Field(description="Names of its outputs.")
    example: dict[str, Any] = Field(description="Example inputs.")


class WorkflowContent(BaseModel):
    """Graph and spec of one version."""

    name: str = Field(description="Name of the workflow.")
    version: int = Field(description="Number of the version.")
    hash: str = Field(description="SHA-256 of graph, spec and editor file.")
    spec: dict[str, Any] = Field(description="The spec with the parameter library resolved.")
    graph: dict[str, Any] = Field(description="The graph in ComfyUI's API format.")
    editor_file: dict[str, Any] | None = Field(
        default=None, description="The editor's file of which the graph was made, if it was."
    )


class WorkflowDiff(BaseModel):
    """Differences between two versions of one workflow."""

    name: str = Field(description="Name of the workflow.")
    version: int = Field(description="The requested version: `after`.")
    against: int = Field(description="The version it is compared with: `before`.")
    differences: list[Difference] = Field(
        description="The differences, graph first: at most 200; values are cut at 500 characters."
    )
    is_complete: bool = Field(description="False: there are more differences than listed.")


def content_of(version: ParsedVersion) -> WorkflowContent:
    file = version.editor_file
    return WorkflowContent(
        **version.model_dump(exclude={"editor_file"}),
        editor_file=json.loads(file.text) if file else None,
    )


def diff(version: ParsedVersion, against: ParsedVersion) -> WorkflowDiff:
    found, count = differences(against.content(), version.content())
    return WorkflowDiff(
        name=version.name,
        version=version.version,
        against=against.version,
        differences=found,
        is_complete=len(found) == count,
    )


def is_active(workflow: WorkflowEntry) -> bool:
    """Return whether the workflow can be run by its name alone."""
    return workflow.active_version is not None and workflow.is_enabled


def fields(workflow: WorkflowEntry) -> dict[str, Any]:
    return {
        **workflow.model_dump(),
        "is_active": is_active(workflow),
        "is_runnable": workflow.is_runnable if is_active(workflow) else False,
        "versions": sorted(workflow.versions.keys() - set(workflow.drafts)),
    }


def summary(workflow: WorkflowEntry) -> Workflow:
    return Workflow.model_validate(fields(workflow))


def detail(workflow: WorkflowEntry, version: ParsedVersion) -> WorkflowDetail:
    spec = version.spec
    return WorkflowDetail.model_validate(
        {
            **fields(workflow),
            "version": version.version,
            "hash": version.hash,
            "inputs": [name for name, _ in spec.in_order],
            "outputs": [name for name, _ in spec.outputs_in_order],
            "example": spec.example,
        }
    )
