"""Sends the requests of workflow authoring: upload, validate, compare, activate."""

from typing import Any

from pydantic import BaseModel, Field

from comfyfleet.client.api import FleetClient
from comfyfleet.workflow_files import WorkflowFiles
from contracts.registry.requests import Difference, ProposalView, UploadView, ValidationView
from contracts.values import Unmet

CHECK_SECONDS = 60.0


class WorkflowRow(BaseModel):
    """One row of `workflows list`."""

    name: str
    active_version: int | None = None
    versions: list[int] = Field(default_factory=list[int])
    drafts: list[int] = Field(default_factory=list[int])
    is_active: bool = False
    source: str = ""
    category: str = ""
    is_runnable: bool | None = None
    unmet: list[Unmet] = Field(default_factory=list[Unmet])
    problem: str | None = None


class WorkflowRows(BaseModel):
    items: list[WorkflowRow] = Field(default_factory=list[WorkflowRow])


class Content(BaseModel):
    """A version with its graph and spec."""

    name: str
    version: int
    spec: dict[str, Any]
    graph: dict[str, Any]


class Diff(BaseModel):
    """The differences between two versions."""

    differences: list[Difference]
    is_complete: bool = True


class WorkflowAuthoring:
    """Uploads, comparisons and versions of one fleet's workflows."""

    def __init__(self, client: FleetClient) -> None:
        self._client = client

    def list(self, category: str | None, *, active: bool | None) -> list[WorkflowRow]:
        wanted: dict[str, Any] = {"category": category, "is_active": active}
        params = {name: value for name, value in wanted.items() if value is not None}
        answer = self._client.call("GET", "/v1/workflows", params=params)
        return WorkflowRows.model_validate_json(answer.content).items

    def push(self, files: WorkflowFiles, *, activate: bool) -> UploadView:
        form = {"activate": "true"} if activate else {}
        return UploadView.model_validate_json(self._send("/v1/workflows", files, form))

    def validate(self, files: WorkflowFiles) -> ValidationView:
        return ValidationView.model_validate_json(self._send("/v1/workflows/validate", files, {}))

    def propose(self, name: str, graph: str) -> ProposalView:
        body = {"name": name, "graph": graph}
        answer = self._client.call(
            "POST", "/v1/workflows/propose", json=body, timeout=CHECK_SECONDS
        )
        return ProposalView.model_validate_json(answer.content)

    def activate(self, name: str, version: int) -> None:
        self._client.call("POST", f"/v1/workflows/{name}/versions/{version}/activate")

    def content(self, name: str, version: int | None) -> Content:
        """Return graph and spec of a version; None means the active version."""
        if version is None:
            active = WorkflowRow.model_validate_json(self._get(f"/v1/workflows/{name}"))
            version = active.active_version
        return Content.model_validate_json(self._get(f"/v1/workflows/{name}/versions/{version}"))

    def diff(self, name: str, version: int, against: int | None) -> Diff:
        """Compare `version` with `against`; None means the active version."""
        query = f"?against={against}" if against else ""
        path = f"/v1/workflows/{name}/versions/{version}/diff{query}"
        return Diff.model_validate_json(self._get(path))

    def _get(self, path: str) -> bytes:
        return self._client.call("GET", path).content

    def _send(self, path: str, files: WorkflowFiles, form: dict[str, str]) -> bytes:
        parts = {"spec": ("spec.yaml", files.spec), "graph": ("graph.json", files.graph)}
        if files.library is not None:
            parts["library"] = ("library.yaml", files.library)
        answer = self._client.call("POST", path, data=form, files=parts, timeout=CHECK_SECONDS)
        return answer.content
