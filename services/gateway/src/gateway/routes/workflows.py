"""Workflows over HTTP: what can be run, and with which inputs."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from contracts.access import Permission
from contracts.errors import NotFoundError
from contracts.registry.requests import CoverageView, FindCoverage, ListVersions, VersionList
from contracts.registry.workflows import WorkflowName
from gateway.domain.requests import WorkflowFilters
from gateway.domain.workflows import (
    Workflow,
    WorkflowContent,
    WorkflowDetail,
    WorkflowDiff,
    WorkflowList,
    detail,
    diff,
    is_active,
    summary,
)
from gateway.handlers.workflows import look_up
from gateway.ports import Owners, Workflows
from gateway.routes.admission import Admission
from gateway.routes.answers import json_answer, json_bytes, problems, shows
from workflows import inputs_schema
from workflows.inputs.openapi import openapi
from workflows.spec.json_schema import spec_schema

REFERENCE = "`name`, or `name@version`."
COVERAGE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class WorkflowRoutes:
    admission: Admission
    owners: Owners
    workflows: Workflows
    prefix: str

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/workflows", tags=["workflows"])
        router.add_api_route(
            "",
            self.list,
            summary="List workflows",
            responses={**shows(WorkflowList), **problems(401, 403, 422)},
        )
        router.add_api_route(
            "/spec.schema.json",
            self.spec_schema,
            summary="JSON Schema of a workflow spec",
            description="For `$schema` in spec files: editors complete and check with it.",
            responses=document("JSON Schema 2020-12."),
        )
        self._add(router, "", self.show, "Show a workflow", shows(WorkflowDetail))
        self._add(
            router,
            "/schema",
            self.schema,
            "JSON Schema of a workflow's inputs",
            document("JSON Schema 2020-12."),
        )
        self._add(
            router,
            "/openapi.json",
            self.openapi,
            "OpenAPI document of one workflow",
            document("OpenAPI 3.1."),
        )
        self._add(router, "/coverage", self.coverage, "Who can run it", shows(CoverageView))
        self._add(router, "/versions", self.versions, "Versions of a workflow", shows(VersionList))
        self._add(
            router,
            "/versions/{number}",
            self.content,
            "Graph and spec of a version",
            shows(WorkflowContent),
        )
        self._add(
            router,
            "/versions/{number}/diff",
            self.diff,
            "How a version differs from another, or else from the active one",
            shows(WorkflowDiff),
        )
        return router

    def _add(self, router: APIRouter, path: str, endpoint: Any, title: str, good: Any) -> None:
        name = "{name}" if path.startswith("/versions") else "{reference}"
        router.add_api_route(
            f"/{name}{path}",
            endpoint,
            summary=title,
            description=REFERENCE if name == "{reference}" else "",
            responses={**good, **problems(401, 403, 404, 422, 503)},
        )

    async def list(
        self, request: Request, filters: Annotated[WorkflowFilters, Query()]
    ) -> Response:
        self.admission.admit(request, Permission.WORKFLOWS_READ)
        known = sorted(self.workflows.names.values(), key=lambda workflow: workflow.name)
        found = [one for one in known if is_listed(one, filters)]
        page = found[: filters.limit]
        return json_answer(
            WorkflowList(
                items=[Workflow.model_validate(summary(one)) for one in page],
                next_cursor=page[-1].name if len(page) < len(found) else None,
            )
        )

    async def spec_schema(self, request: Request) -> Response:
        """Open to all, since editors send no token; it holds nothing of the fleet's."""
        return tagged(request, to_json(spec_schema()), "public, max-age=3600")

    async def show(self, request: Request, reference: str) -> Response:
        self.admission.admit(request, Permission.WORKFLOWS_READ)
        version = await look_up(self.workflows, reference)
        known = self.workflows.name(version.name)
        if known is None:
            raise NotFoundError(f"there is no workflow {version.name}")
        return json_answer(detail(known, version))

    async def schema(self, request: Request, reference: str) -> Response:
        self.admission.admit(request, Permission.WORKFLOWS_READ)
        version = await look_up(self.workflows, reference)
        return tagged(request, to_json(inputs_schema(version.spec, self.workflows.models)))

    async def openapi(self, request: Request, reference: str) -> Response:
        self.admission.admit(request, Permission.WORKFLOWS_READ)
        version = await look_up(self.workflows, reference)
        server, models = self.prefix or "/", self.workflows.models
        return tagged(request, to_json(openapi(version.spec, version.number, server, models)))

    async def coverage(self, request: Request, reference: str) -> Response:
        actor = self.admission.admit(request, Permission.NODES_READ)
        version = await look_up(self.workflows, reference)
        query = FindCoverage(actor=actor, version_hash=version.hash)
        return json_answer(await self.owners.call(query, within=COVERAGE_SECONDS))

    async def versions(self, request: Request, name: str) -> Response:
        actor = self.admission.admit(request, Permission.WORKFLOWS_READ)
        return json_answer(await self.owners.call(ListVersions(actor=actor, name=name[:63])))

    async def content(self, request: Request, name: str, number: int) -> Response:
        self.admission.admit(request, Permission.GRAPHS_READ)
        version = await look_up(self.workflows, f"{name}@{number}")
        content = WorkflowContent(
            name=version.name,
            version=version.number,
            hash=version.hash,
            spec=version.spec.content(),
            graph=version.graph,
        )
        return tagged(request, as_bytes(content))

    async def diff(
        self,
        request: Request,
        name: str,
        number: int,
        against: Annotated[int | None, Query(ge=1, description="A version's number.")] = None,
    ) -> Response:
        self.admission.admit(request, Permission.GRAPHS_READ)
        before = await look_up(self.workflows, f"{name}@{against}" if against else name)
        after = await look_up(self.workflows, f"{name}@{number}")
        return tagged(request, as_bytes(await asyncio.to_thread(diff, after, before)))


def is_listed(known: WorkflowName, wanted: WorkflowFilters) -> bool:
    """Not what is deleted, nor what a file once was that never became a version."""
    if known.is_deleted or not (known.versions or known.problem):
        return False
    if wanted.cursor is not None and known.name <= wanted.cursor:
        return False
    return wanted.category in (None, known.category) and wanted.is_active in (
        None,
        is_active(known),
    )


def as_bytes(model: BaseModel) -> bytes:
    return model.model_dump_json().encode()


def tagged(request: Request, body: bytes, caching: str = "private, no-cache") -> Response:
    """The document under an ETag of its content; 304 for who has it."""
    tag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": caching}
    known = request.headers.get("if-none-match", "")
    if tag in {part.strip().removeprefix("W/") for part in known.split(",")}:
        return Response(status_code=304, headers=headers)
    return json_bytes(body, headers=headers)


def document(description: str) -> dict[int | str, Any]:
    return {200: {"description": description, "content": {"application/json": {}}}}
