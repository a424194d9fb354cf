"""Endpoints of authoring: upload, check, propose, activate, change and delete workflows.

Graphs and specs are parsed here and judged by the registry.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from contracts.access import Actor, Permission
from contracts.errors import InvalidError
from contracts.registry.requests import (
    ActivateVersion,
    ChangeWorkflow,
    DeleteWorkflow,
    ProposalView,
    ProposeSpec,
    UploadView,
    UploadWorkflow,
    ValidateWorkflow,
    ValidationView,
)
from contracts.registry.workflows import WorkflowEntry
from gateway.http.access import Allowed
from gateway.http.answers import refusals, sends
from gateway.http.bodies import Body
from gateway.service import CurrentGateway, Gateway
from gateway.workflows.requests import (
    Name,
    ProposalRequest,
    ReadsWorkflow,
    VersionNumber,
    WorkflowPatch,
    WorkflowRequest,
    existing_name,
)
from gateway.workflows.resources import Workflow, summary
from gateway.workflows.versions import refuse_unreachable
from workflows.spec.documents import canonical_bytes, read_graph, read_mapping

router = APIRouter(prefix="/v1/workflows", tags=["workflows"])

CHECK_SECONDS = 30.0
CAUGHT_UP_SECONDS = 2.0
MAX_BYTES = 500 * 1024
"""Of all parts together: they travel in one message."""
GRAPH_CHECKED = (
    "too_big",
    "unreadable",
    "cannot_convert",
    "no_output",
    "invalid_workflow",
    "unsafe_workflow",
)
"""Problems of a graph."""
CHECKED = (*GRAPH_CHECKED, "invalid_library", "bad_pattern")
"""Problems of a graph and its spec."""
SentWorkflow = Annotated[WorkflowRequest, Depends(ReadsWorkflow())]


@router.post(
    "",
    status_code=201,
    summary="Upload a workflow",
    responses={
        200: {"model": UploadView, "description": "This version exists already."}
        | sends("Location"),
        **refusals("not_found", "other_source", *CHECKED),
    },
)
async def upload_workflow(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_WRITE)],
    sent: SentWorkflow,
    answer: Response,
) -> UploadView:
    """The workflow becomes a draft, or with `activate` the active version.

    Equal content is the same version: uploading it again changes nothing and returns 200.
    """
    parts = await asyncio.to_thread(parse, sent)
    refuse_unreachable(actor, str(parts["spec"].get("name", "")))
    command = UploadWorkflow(actor=actor, activate=sent.activate, **parts)
    view = await gateway.bus.call(command, within=CHECK_SECONDS)
    await caught_up(gateway, view.name, lambda workflow: view.version in workflow.versions)
    answer.headers["Location"] = gateway.path(f"/v1/workflows/{view.name}@{view.version}")
    if not view.is_new:
        answer.status_code = 200
    return view


@router.post(
    "/validate", summary="Check a workflow without storing it", responses=refusals(*CHECKED)
)
async def validate_workflow(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_WRITE)],
    sent: SentWorkflow,
) -> ValidationView:
    """Answers 200 also for warnings and for a workflow that no node can run."""
    parts = await asyncio.to_thread(parse, sent)
    query = ValidateWorkflow(actor=actor, **parts)
    return await gateway.bus.call(query, within=CHECK_SECONDS)


@router.post(
    "/propose",
    summary="Draft a spec for a graph",
    responses=refusals(*CHECKED),
)
async def propose_spec(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_WRITE)],
    wanted: Body[ProposalRequest],
) -> ProposalView:
    """The draft passes all checks; edit it, then upload it with the graph."""
    graph = await asyncio.to_thread(read_graph, wanted.graph)
    query = ProposeSpec(actor=actor, name=wanted.name, graph=graph)
    return await gateway.bus.call(query, within=CHECK_SECONDS)


@router.post(
    "/{name}/versions/{version}/activate",
    summary="Activate a version",
    responses=refusals("other_source"),
)
async def activate_workflow_version(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_WRITE)],
    name: Name,
    version: VersionNumber,
) -> Workflow:
    """Activating an older version is a rollback."""
    command = ActivateVersion(actor=actor, name=existing_name(name, actor), version=version)
    return await changed(gateway, await gateway.bus.call(command))


@router.patch(
    "/{name}",
    summary="Switch a workflow on or off, or change its category",
    responses=refusals("other_source"),
)
async def update_workflow(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_WRITE)],
    name: Name,
    patch: Body[WorkflowPatch],
) -> Workflow:
    """A workflow from the folder can be switched off too; it stays off when its file changes.

    The category of a workflow from the folder comes from its spec and cannot be changed here.
    """
    command = ChangeWorkflow(actor=actor, name=existing_name(name, actor), **patch.__dict__)
    return await changed(gateway, await gateway.bus.call(command))


@router.delete(
    "/{name}", status_code=204, summary="Delete a workflow", responses=refusals("other_source")
)
async def delete_workflow(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.WORKFLOWS_WRITE)],
    name: Name,
) -> None:
    """Its versions stay readable, for the history of jobs."""
    gone = await gateway.bus.call(DeleteWorkflow(actor=actor, name=existing_name(name, actor)))
    await caught_up(gateway, gone.name, lambda workflow: workflow.is_deleted)


async def changed(gateway: Gateway, workflow: WorkflowEntry) -> Workflow:
    """Return the workflow once this gateway knows its change too."""

    def has_change(mirrored: WorkflowEntry) -> bool:
        return (mirrored.active_version, mirrored.is_enabled, mirrored.category) == (
            workflow.active_version,
            workflow.is_enabled,
            workflow.category,
        )

    await caught_up(gateway, workflow.name, has_change)
    return summary(workflow)


async def caught_up(
    gateway: Gateway, name: str, has_change: Callable[[WorkflowEntry], bool]
) -> None:
    """Wait until this gateway's mirror has the change; other gateways may take longer.

    A job that is sent right after an upload finds its workflow.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CAUGHT_UP_SECONDS):
            while not ((workflow := gateway.catalog.name(name)) and has_change(workflow)):
                await gateway.catalog.changed.wait()


def parse(sent: WorkflowRequest) -> dict[str, dict[str, Any]]:
    """Return graph, spec and library as JSON. Runs in a thread: 0.5 MB of YAML takes seconds."""
    parts = {"graph": read_graph(sent.graph), "spec": read_mapping(sent.spec, "spec")}
    if sent.library is not None:
        parts["library"] = read_mapping(sent.library, "library")
    if sum(len(canonical_bytes(part, name)) for name, part in parts.items()) > MAX_BYTES:
        message = f"{' and '.join(parts)} are over {MAX_BYTES // 1024} KiB together"
        raise InvalidError(message, code="too_big")
    return parts
