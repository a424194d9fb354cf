"""Endpoints of the catalog: which workflows can be run, and with which inputs."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter

from contracts.access import Actor, Permission
from contracts.errors import NotFoundError
from contracts.registry.requests import CoverageView, FindCoverage, ListVersions, VersionPage
from contracts.registry.workflows import WorkflowEntry
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.conditional import NOT_MODIFIED, ClientEtag, document
from gateway.service import CurrentGateway
from gateway.workflows.requests import (
    Name,
    Reference,
    VersionNumber,
    WorkflowFilters,
    existing_name,
)
from gateway.workflows.resources import (
    WorkflowContent,
    WorkflowDetail,
    WorkflowDiff,
    WorkflowPage,
    content_of,
    detail,
    diff,
    is_active,
    summary,
)
from gateway.workflows.versions import IN_PATH, Place
from runtime.cursor import Cursors
from workflows import inputs_schema
from workflows.inputs.openapi import openapi
from workflows.spec.json_schema import spec_schema

router = APIRouter(prefix="/v1/workflows", tags=["workflows"])

COVERAGE_SECONDS = 20.0
CURSORS = Cursors("workflows", TypeAdapter(str))


@router.get("", summary="List workflows by name")
async def list_workflows(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_READ)],
    filters: Annotated[WorkflowFilters, Query()],
) -> WorkflowPage:
    """All filters must match.

    Deleted workflows, and those outside the caller's role, are not listed.
    """
    after = CURSORS.read(filters.cursor)
    workflows = sorted(gateway.catalog.names.values(), key=lambda workflow: workflow.name)
    reachable = [workflow for workflow in workflows if actor.reach.has_workflow(workflow.name)]
    found = [workflow for workflow in reachable if is_listed(workflow, filters, after)]
    page = found[: filters.limit]
    return WorkflowPage(
        items=[summary(workflow) for workflow in page],
        next_cursor=CURSORS.write(page[-1].name) if len(page) < len(found) else None,
    )


# Must precede `/{name}`.
@router.get(
    "/spec.schema.json",
    summary="JSON Schema of a workflow spec",
    response_model=dict[str, Any],
    response_description="JSON Schema 2020-12.",
    responses=NOT_MODIFIED,
)
async def get_spec_schema(client_etag: ClientEtag = None) -> Response:
    """For `$schema` in spec files: editors use it to complete and check them.

    It needs no token, because editors send none. It contains nothing about the fleet.
    """
    return document(spec_schema(), client_etag, "public, max-age=3600")


@router.get("/{name}", summary="Show a workflow", responses=refusals("unreadable_value"))
async def get_workflow(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_READ)],
    name: Reference,
) -> WorkflowDetail:
    """Without `@version` it shows the active version, which a job with this name would run.

    If no version is active, it shows the newest one.
    """
    version = await gateway.catalog.show(name, actor)
    workflow = gateway.catalog.name(version.name)
    if workflow is None:
        raise NotFoundError(f"there is no workflow {version.name}")
    return detail(workflow, version)


@router.get(
    "/{name}/schema",
    summary="JSON Schema of a workflow's inputs",
    response_model=dict[str, Any],
    response_description="JSON Schema 2020-12.",
    responses=NOT_MODIFIED | refusals("unreadable_value"),
)
async def get_workflow_schema(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_READ)],
    name: Reference,
    client_etag: ClientEtag = None,
) -> Response:
    """For forms and clients: it lists the model files that the fleet has now."""
    version = await gateway.catalog.show(name, actor)
    return document(inputs_schema(version.spec, gateway.catalog.models_for(actor)), client_etag)


@router.get(
    "/{name}/openapi.json",
    summary="OpenAPI document of one workflow",
    response_model=dict[str, Any],
    response_description="OpenAPI 3.1.",
    responses=NOT_MODIFIED | refusals("unreadable_value"),
)
async def get_workflow_openapi(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_READ)],
    name: Reference,
    client_etag: ClientEtag = None,
) -> Response:
    """For generated clients: `POST /v1/jobs` with the inputs of this workflow."""
    version = await gateway.catalog.show(name, actor)
    server = gateway.settings.path_prefix or "/"
    return document(
        openapi(version.spec, version.version, server, gateway.catalog.models_for(actor)),
        client_etag,
    )


@router.get(
    "/{name}/coverage",
    summary="Show which nodes can run a workflow",
    responses=refusals("unreadable_value"),
)
async def get_workflow_coverage(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_READ)],
    name: Reference,
) -> CoverageView:
    """Lists the nodes, as many as fit, with the requirements that they do not meet."""
    version = await gateway.catalog.show(name, actor)
    query = FindCoverage(actor=actor, version_hash=version.hash)
    return await gateway.bus.call(query, within=COVERAGE_SECONDS)


@router.get("/{name}/versions", summary="List the versions of a workflow")
async def list_workflow_versions(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_READ)], name: Name
) -> VersionPage:
    """Newest first, at most 500: `next_cursor` is always null."""
    return await gateway.bus.call(ListVersions(actor=actor, name=existing_name(name, actor)))


@router.get(
    "/{name}/versions/{version}",
    summary="Graph and spec of a version",
    response_model=WorkflowContent,
    responses=NOT_MODIFIED | refusals("unreadable_value"),
)
async def get_workflow_version(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.GRAPHS_READ)],
    name: Name,
    version: VersionNumber,
    client_etag: ClientEtag = None,
) -> Response:
    """Content of a version never changes."""
    found = await gateway.catalog.show(f"{name}@{version}", actor, IN_PATH)
    return document(content_of(found), client_etag)


@router.get(
    "/{name}/versions/{version}/diff",
    summary="Compare a version with another, or with the active one",
    response_model=WorkflowDiff,
    responses=NOT_MODIFIED | refusals("unreadable_value"),
)
async def compare_workflow_versions(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.GRAPHS_READ)],
    name: Name,
    version: VersionNumber,
    against: Annotated[int | None, Query(ge=1, description="Number of a version.")] = None,
    client_etag: ClientEtag = None,
) -> Response:
    """Both are versions of one workflow; the differences of the graph come first."""
    catalog = gateway.catalog
    after = await catalog.show(f"{name}@{version}", actor, IN_PATH)
    older = Place("name", "against")
    before = await (
        catalog.look_up(f"{name}@{against}", older) if against else catalog.active(name)
    )
    return document(await asyncio.to_thread(diff, after, before), client_etag)


def is_listed(workflow: WorkflowEntry, wanted: WorkflowFilters, after: str | None) -> bool:
    """Return whether it comes after that name and the filters pass it.

    Deleted and never stored workflows are left out.
    """
    if workflow.is_deleted or not (workflow.versions or workflow.problem):
        return False
    if after is not None and workflow.name <= after:
        return False
    return wanted.category in (None, workflow.category) and wanted.is_active in (
        None,
        is_active(workflow),
    )
