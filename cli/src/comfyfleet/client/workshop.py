"""The endpoints for those who make workflows."""

from typing import Any

from pydantic import BaseModel, Field

from comfyfleet.client.api import FleetClient
from contracts.registry import ProposalView, UploadView, ValidationView

CHECK_SECONDS = 60.0


class WorkflowRow(BaseModel):
    """A workflow as `workflows list` shows it."""

    name: str
    version: int | None = None
    versions: list[int] = Field(default_factory=list[int])
    drafts: list[int] = Field(default_factory=list[int])
    active: bool = False
    source: str = ""
    category: str = ""
    runnable: bool | None = None
    missing: list[str] = Field(default_factory=list[str])
    problem: str | None = None


class WorkflowRows(BaseModel):
    items: list[WorkflowRow] = Field(default_factory=list[WorkflowRow])


class Content(BaseModel):
    """Graph and spec of one version."""

    name: str
    version: int
    spec: dict[str, Any]
    graph: dict[str, Any]


class Workshop:
    """Uploads, comparisons and versions of one fleet's workflows."""

    def __init__(self, client: FleetClient) -> None:
        self._client = client

    def list(self) -> list[WorkflowRow]:
        return WorkflowRows.model_validate_json(self._get("/v1/workflows")).items

    def push(self, spec: str, graph: str, *, activate: bool) -> UploadView:
        form = {"activate": "true"} if activate else {}
        return UploadView.model_validate_json(self._send("/v1/workflows", spec, graph, form))

    def validate(self, spec: str, graph: str) -> ValidationView:
        answer = self._send("/v1/workflows/validate", spec, graph, {})
        return ValidationView.model_validate_json(answer)

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
            version = shown.version
        return Content.model_validate_json(self._get(f"/v1/workflows/{name}/versions/{version}"))

    def _get(self, path: str) -> bytes:
        return self._client.call("GET", path).content

    def _send(self, path: str, spec: str, graph: str, form: dict[str, str]) -> bytes:
        files = {"spec": ("spec.yaml", spec), "graph": ("graph.json", graph)}
        answer = self._client.call("POST", path, data=form, files=files, timeout=CHECK_SECONDS)
        return answer.content
