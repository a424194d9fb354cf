"""Workflows over HTTP: what can be run, and with which inputs."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from contracts.access import Permission
from contracts.catalog import WorkflowName
from contracts.errors import NotFoundError
from gateway.domain.versions import Version
from gateway.handlers.workflows import resolve
from gateway.ports import Workflows
from gateway.routes.admission import Admission
from gateway.routes.answers import json_answer, json_bytes, problems, shows
from workflows import inputs_schema


class Workflow(BaseModel):
    """A workflow that can be run by name."""

    name: str = Field(description="Its address.")
    version: int | None = Field(description="The version that the name alone means.")
    active: bool = Field(description="It can be run by name alone.")
    versions: list[int] = Field(description="Every version that can be run.")
    title: str | dict[str, str] = Field(description="Name for people, by language.")
    description: str | dict[str, str] = Field(description="What it does, by language.")
    category: str = Field(description="Where it is listed.")
    requires_mask: bool = Field(description="It does not run without a mask.")
    problem: str | None = Field(description="Why its newest source was refused, if it was.")


class WorkflowList(BaseModel):
    """Every workflow, by name."""

    items: list[Workflow] = Field(description="The workflows.")
    next_cursor: str | None = Field(default=None, description="There is one page only.")


class WorkflowDetail(Workflow):
    """One version of a workflow."""

    hash: str = Field(description="SHA-256 over graph and spec.")
    inputs: list[str] = Field(description="Names of its inputs, in the order of a form.")
    outputs: list[str] = Field(description="Names of its outputs.")
    example: dict[str, Any] = Field(description="Inputs for a first try.")


@dataclass(frozen=True, slots=True)
class WorkflowRoutes:
    admission: Admission
    workflows: Workflows

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/workflows", tags=["workflows"])
        router.add_api_route(
            "",
            self.list,
            summary="List workflows",
            responses={**shows(WorkflowList), **problems(401, 403)},
        )
        one = problems(401, 403, 404, 422, 503)
        router.add_api_route(
            "/{reference}",
            self.show,
            summary="Show a workflow",
            description="`name`, or `name@version`.",
            responses={**shows(WorkflowDetail), **one},
        )
        router.add_api_route(
            "/{reference}/schema",
            self.schema,
            summary="JSON Schema of a workflow's inputs",
            responses={
                200: {"description": "JSON Schema 2020-12.", "content": {"application/json": {}}},
                **one,
            },
        )
        return router

    async def list(self, request: Request) -> Response:
        self.admission.admit(request, Permission.WORKFLOWS_READ)
        names = self.workflows.names
        items = [Workflow.model_validate(summary(names[name])) for name in sorted(names)]
        return json_answer(WorkflowList(items=items))

    async def show(self, request: Request, reference: str) -> Response:
        self.admission.admit(request, Permission.WORKFLOWS_READ)
        version = await resolve(self.workflows, reference)
        known = self.workflows.name(version.name)
        if known is None:
            raise NotFoundError(f"there is no workflow {version.name}")
        return json_answer(detail(known, version))

    async def schema(self, request: Request, reference: str) -> Response:
        self.admission.admit(request, Permission.WORKFLOWS_READ)
        version = await resolve(self.workflows, reference)
        headers = {"ETag": f'"{version.hash}"', "Cache-Control": "private, no-cache"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return json_bytes(to_json(inputs_schema(version.spec)), headers=headers)


def summary(known: WorkflowName) -> dict[str, Any]:
    return {
        **known.model_dump(),
        "version": known.active_version,
        "active": known.active_version is not None,
        "versions": sorted(known.versions),
    }


def detail(known: WorkflowName, version: Version) -> WorkflowDetail:
    spec = version.spec
    return WorkflowDetail.model_validate(
        {
            **summary(known),
            "version": version.number,
            "hash": version.hash,
            "inputs": [name for name, _ in spec.in_order],
            "outputs": [name for name, _ in spec.outputs_in_order],
            "example": spec.example,
        }
    )
