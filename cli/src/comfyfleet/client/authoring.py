"""Sends the requests of workflow authoring: upload, validate, compare, activate."""

from typing import Any

from pydantic import BaseModel, Field

from comfyfleet.client.api import FleetClient
from comfyfleet.workflow_files import WorkflowFiles
from contracts.registry.requests import Difference, ProposalView, UploadView, ValidationView
from contracts.values import Unmet

CHECK_SECONDS = 60.0


class WorkflowRow(BaseModel):
    name: str
    active_version: int | None = None
    versions: list[int] = Field(default_factory=list[int])
    drafts: list[int] = Field(default_factory=list[int])
    is_active: bool = False
    is_enabled: bool = True
    source: str = ""
    category: str = ""
    is_runnable: bool | None = None
    unmet: list[Unmet] = Field(default_factory=list[Unmet])
    problem: str | None = None


class WorkflowRows(BaseModel):
    items: list[WorkflowRow] = Field(default_factory=list[WorkflowRow])


class Content(BaseModel):
    name: str
    spec: dict[str, Any]
    graph: dict[str, Any]
    editor_file: dict[str, Any] | None = None


class Diff(BaseModel):
    differences: list[Difference]
    is_complete: bool = True


def find(client: FleetClient, category: str | None, *, active: bool | None) -> list[WorkflowRow]:
    wanted: dict[str, Any] = {"category": category, "is_active": active}
    params = {name: value for name, value in wanted.items() if value is not None}
    return client.ask(WorkflowRows, "GET", "/v1/workflows", params=params).items


def push(client: FleetClient, files: WorkflowFiles, *, activate: bool) -> UploadView:
    form = {"activate": "true"} if activate else {}
    return client.ask(UploadView, "POST", "/v1/workflows", data=form, **upload(files))


def validate(client: FleetClient, files: WorkflowFiles) -> ValidationView:
    return client.ask(ValidationView, "POST", "/v1/workflows/validate", **upload(files))


def upload(files: WorkflowFiles) -> dict[str, Any]:
    """Return the files as a form, and the time that the fleet may take to check them."""
    parts = {"spec": ("spec.yaml", files.spec), "graph": ("graph.json", files.graph)}
    if files.library is not None:
        parts["library"] = ("library.yaml", files.library)
    return {"files": parts, "timeout": CHECK_SECONDS}


def propose(client: FleetClient, name: str, graph: str) -> ProposalView:
    request = {"json": {"name": name, "graph": graph}, "timeout": CHECK_SECONDS}
    return client.ask(ProposalView, "POST", "/v1/workflows/propose", **request)


def activate(client: FleetClient, name: str, version: int) -> None:
    client.call("POST", f"/v1/workflows/{name}/versions/{version}/activate")


def content(client: FleetClient, name: str, version: int | None) -> Content:
    """Return graph and spec of a version; None means the active version."""
    if version is None:
        version = client.ask(WorkflowRow, "GET", f"/v1/workflows/{name}").active_version
    return client.ask(Content, "GET", f"/v1/workflows/{name}/versions/{version}")


def diff(client: FleetClient, name: str, version: int, against: int | None) -> Diff:
    """Compare `version` with `against`; None means the active version."""
    params = {"against": against} if against else {}
    path = f"/v1/workflows/{name}/versions/{version}/diff"
    return client.ask(Diff, "GET", path, params=params)
