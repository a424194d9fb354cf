"""The reference docs: what FastAPI finds, plus the bodies that endpoints read by themselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from gateway.domain.media_requests import (
    ArchiveRequest,
    DirectUpload,
    DirectUploadForm,
    LinkRequest,
    MediaChanges,
)
from gateway.domain.problems import CATALOGUE, URN, Problem
from gateway.domain.requests import (
    JobRequest,
    LoginForm,
    NodeRequest,
    ProposalRequest,
    RefreshRequest,
    UploadForm,
    WorkflowPatch,
    WorkflowRequest,
)

READ_HERE = (
    ArchiveRequest,
    DirectUpload,
    DirectUploadForm,
    JobRequest,
    LinkRequest,
    LoginForm,
    MediaChanges,
    NodeRequest,
    ProposalRequest,
    RefreshRequest,
    UploadForm,
    WorkflowPatch,
    WorkflowRequest,
)
SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "oauth2",
        "description": "An access token, as `Authorization: Bearer`.",
        "flows": {"password": {"tokenUrl": "v1/auth/token", "scopes": {}}},
    }
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document; made once."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title="ComfyFleet",
        version=app.version,
        summary="Any number of ComfyUI servers behind one service.",
        description=problem_table(),
        routes=app.routes,
    )
    wanted = [(model, "validation") for model in READ_HERE] + [(Problem, "serialization")]
    _, extra = models_json_schema(
        wanted,  # pyright: ignore[reportArgumentType]  # a list is invariant in its literal modes
        ref_template="#/components/schemas/{model}",
    )
    components = document.setdefault("components", {})
    components["schemas"] = {**extra["$defs"], **components.get("schemas", {})}
    components["securitySchemes"] = SCHEMES
    document["security"] = [{"bearer": []}]
    app.openapi_schema = document
    return document


def problem_table() -> str:
    rows = "\n".join(f"| `{URN}{code}` | {title} |" for code, title in CATALOGUE.items())
    return f"Errors are RFC 9457 problems.\n\n| type | meaning |\n|---|---|\n{rows}\n"
