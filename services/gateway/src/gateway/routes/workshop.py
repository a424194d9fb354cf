"""Workflows over HTTP, for those who make them: upload, check, propose, activate, delete."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from contracts.access import Permission
from contracts.registry.requests import (
    ActivateVersion,
    ChangeWorkflow,
    DeleteWorkflow,
    ProposalView,
    UploadView,
    ValidationView,
)
from contracts.registry.workflows import WorkflowName
from gateway.domain.requests import ProposalRequest, WorkflowPatch, WorkflowRequest
from gateway.domain.workflows import Workflow, summary
from gateway.handlers.workshop import caught_up, propose, upload, validate
from gateway.ports import Owners, Workflows
from gateway.routes.admission import Admission
from gateway.routes.answers import json_answer, problems, reads, shows
from gateway.routes.reading import read_json
from gateway.routes.workflow_forms import MULTIPART, form_body, read_workflow


@dataclass(frozen=True, slots=True)
class WorkshopRoutes:
    admission: Admission
    owners: Owners
    workflows: Workflows
    prefix: str

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/workflows", tags=["workflows"])
        heavy = problems(401, 403, 409, 413, 415, 422, 503)
        both = reads(WorkflowRequest)
        both["requestBody"]["content"][MULTIPART] = {"schema": form_body()}
        router.add_api_route(
            "",
            self.upload,
            methods=["POST"],
            status_code=201,
            summary="Upload a workflow",
            description="It becomes a draft, or current at once with `activate`. The same content "
            "is the same version: a repeat changes nothing and answers 200.",
            responses={**shows(UploadView, 201), **heavy},
            openapi_extra=both,
        )
        router.add_api_route(
            "/validate",
            self.validate,
            methods=["POST"],
            summary="Check a workflow without keeping it",
            responses={**shows(ValidationView), **heavy},
            openapi_extra=both,
        )
        router.add_api_route(
            "/propose",
            self.propose,
            methods=["POST"],
            summary="Draft a spec for a graph",
            responses={**shows(ProposalView), **heavy},
            openapi_extra=reads(ProposalRequest),
        )
        self._add_changes(router)
        return router

    def _add_changes(self, router: APIRouter) -> None:
        wrong = problems(401, 403, 404, 409, 422, 503)
        router.add_api_route(
            "/{name}/versions/{number}/activate",
            self.activate,
            methods=["POST"],
            summary="Make a version current",
            description="An older one is a rollback.",
            responses={**shows(Workflow), **wrong},
        )
        router.add_api_route(
            "/{name}",
            self.change,
            methods=["PATCH"],
            summary="Switch a workflow on or off, or list it elsewhere",
            description="One from the folder can be switched off as well, and stays off when it "
            "changes; where it is listed, its spec says.",
            responses={**shows(Workflow), **wrong},
            openapi_extra=reads(WorkflowPatch),
        )
        router.add_api_route(
            "/{name}",
            self.delete,
            methods=["DELETE"],
            status_code=204,
            summary="Delete a workflow",
            description="Its versions stay readable, for the history of jobs.",
            responses=wrong,
        )

    async def upload(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.WORKFLOWS_WRITE)
        view = await upload(self.owners, actor, await read_workflow(request))
        await caught_up(self.workflows, view.name, lambda known: view.version in known.versions)
        headers = {"Location": f"{self.prefix}/v1/workflows/{view.name}@{view.version}"}
        return json_answer(view, 201 if view.is_new else 200, headers)

    async def validate(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.WORKFLOWS_WRITE)
        return json_answer(await validate(self.owners, actor, await read_workflow(request)))

    async def propose(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.WORKFLOWS_WRITE)
        wanted, _ = await read_json(request, ProposalRequest)
        return json_answer(await propose(self.owners, actor, wanted))

    async def activate(self, request: Request, name: str, number: int) -> Response:
        actor = self.admission.admit(request, Permission.WORKFLOWS_WRITE)
        command = ActivateVersion(actor=actor, name=name[:63], version=number)
        return await self._shown(await self.owners.call(command))

    async def change(self, request: Request, name: str) -> Response:
        actor = self.admission.admit(request, Permission.WORKFLOWS_WRITE)
        patch, _ = await read_json(request, WorkflowPatch)
        values: dict[str, Any] = {"actor": actor, "name": name[:63], **patch.model_dump()}
        return await self._shown(await self.owners.call(ChangeWorkflow.model_validate(values)))

    async def delete(self, request: Request, name: str) -> Response:
        actor = self.admission.admit(request, Permission.WORKFLOWS_WRITE)
        gone = await self.owners.call(DeleteWorkflow(actor=actor, name=name[:63]))
        await caught_up(self.workflows, gone.name, lambda known: known.is_deleted)
        return Response(status_code=204)

    async def _shown(self, told: WorkflowName) -> Response:
        wanted = (told.active_version, told.is_enabled, told.category)
        await caught_up(
            self.workflows,
            told.name,
            lambda known: (known.active_version, known.is_enabled, known.category) == wanted,
        )
        return json_answer(Workflow.model_validate(summary(told)))
