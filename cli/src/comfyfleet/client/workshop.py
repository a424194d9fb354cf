"""The endpoints for those who make workflows."""

from typing import Any

from pydantic import BaseModel, Field

from comfyfleet.client.api import FleetClient
from comfyfleet.workflow_files import WorkflowFiles
from contracts.registry.requests import Difference, ProposalView, UploadView, ValidationView
from contracts.values import Unmet

CHECK_SECONDS = 60.0


class WorkflowRow(BaseModel):
    """A workflow as `workflows list` shows it."""

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
    """Graph and spec of one version."""

    name: str
    version: int
    spec: dict[str, Any]
    graph: dict[str, Any]


class Diff(BaseModel):
    """How one version differs from another."""

    differences: list[Difference]
    is_complete: bool = True


class Workshop:
    """Uploads, comparisons and versions of one fleet's workflows."""

    def __init__(self, client: FleetClient) -> None:
        self._client = client

    def list(self, category: str | None, *, active: bool | None) -> list[WorkflowRow]:
        wanted: dict[str, Any] = {"category": category, "is_active": active}
        params = {name: value for name, value in wanted.items() if value is not None}
        answer = self._client.call("GET", "/v1/workflows", params=params)
        return WorkflowRows.model_validate_json(answer.content).items

    def push(self, sent: WorkflowFiles, *, activate: bool) -> UploadView:
        form = {"activate": "true"} if activate else {}
        return UploadView.model_validate_json(self._send("/v1/workflows", sent, form))

    def validate(self, sent: WorkflowFiles) -> ValidationView:
        return ValidationView.model_validate_json(self._send("/v1/workflows/validate", sent, {}))

    def propose(self, name: str, graph: str) -> ProposalView:
        body = {"name": name, "graph": graph}
        answer = self._client.call(
            "POST", "/v1/workflows/propose", json=body, timeout=CHECK_SECONDS
        )
        return ProposalView.model_validate_json(answer.content)

    def activate(self, name: str, version: int) -> None:
        self._client.call("POST", f"/v1/workflows/{name}/versions/{version}/activate")

    def content(self, name: str, version: int | None) -> Content:
        """Graph and spec; None is the active version."""
        if version is None:
            shown = WorkflowRow.model_validate_json(self._get(f"/v1/workflows/{name}"))
            version = shown.active_version
        return Content.model_validate_json(self._get(f"/v1/workflows/{name}/versions/{version}"))

    def diff(self, name: str, version: int, against: int | None) -> Diff:
        """What `version` has that `against` has not, and the other way; None is the active one."""
        query = f"?against={against}" if against else ""
        path = f"/v1/workflows/{name}/versions/{version}/diff{query}"
        return Diff.model_validate_json(self._get(path))

    def _get(self, path: str) -> bytes:
        return self._client.call("GET", path).content

    def _send(self, path: str, sent: WorkflowFiles, form: dict[str, str]) -> bytes:
        files = {"spec": ("spec.yaml", sent.spec), "graph": ("graph.json", sent.graph)}
        if sent.library is not None:
            files["library"] = ("library.yaml", sent.library)
        answer = self._client.call("POST", path, data=form, files=files, timeout=CHECK_SECONDS)
        return answer.content
