"""Jobs over HTTP."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.access import Actor, Permission
from contracts.scheduler.job_requests import CancelJob, ListJobs
from contracts.scheduler.jobs import JobView
from gateway.domain.links import body_digest
from gateway.domain.requests import JobFilters, JobRequest
from gateway.domain.resources import Job, JobList, Presenter
from gateway.handlers.hub import Hub
from gateway.handlers.jobs import Submissions, explained, submit_job, wait_for_end
from gateway.handlers.loading import JobLoader
from gateway.handlers.streams import find_job
from gateway.ports import Owners
from gateway.routes.admission import Admission
from gateway.routes.answers import (
    IDEMPOTENCY,
    json_answer,
    json_bytes,
    parameter,
    problems,
    reads,
    shows,
)
from gateway.routes.reading import idempotency_key, read_json, wait_seconds

PREFER = parameter("Prefer", "`wait=N`: answer when the job ends, or after N seconds (at most 60).")
SUBMISSION: dict[str, Any] = reads(JobRequest) | {"parameters": [IDEMPOTENCY, PREFER]}


@dataclass(frozen=True, slots=True)
class JobRoutes:
    admission: Admission
    owners: Owners
    submissions: Submissions
    present: Presenter
    hub: Hub
    loader: JobLoader
    secret: bytes

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
        router.add_api_route(
            "",
            self.submit,
            methods=["POST"],
            status_code=201,
            summary="Run a workflow",
            responses={**shows(Job, 201), **problems(401, 403, 404, 409, 413, 415, 422, 503)},
            openapi_extra=SUBMISSION,
        )
        router.add_api_route(
            "",
            self.list,
            summary="List jobs, newest first",
            responses={**shows(JobList), **problems(401, 403, 422, 503)},
        )
        one = {**shows(Job), **problems(401, 403, 404, 422, 503)}
        router.add_api_route("/{job_id}", self.show, summary="Show a job", responses=one)
        router.add_api_route(
            "/{job_id}/cancel",
            self.cancel,
            methods=["POST"],
            summary="End a job early",
            description="A job that has ended already is answered as it is.",
            responses=one,
        )
        return router

    async def submit(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.JOBS_RUN)
        job, body = await read_json(request, JobRequest)
        key = idempotency_key(request.headers, body_digest(self.secret, body))
        answer = await submit_job(self.submissions, actor, job, key)
        view = answer.job
        if seconds := wait_seconds(request.headers):
            view = await wait_for_end(self.hub, self.loader, view, seconds)
            view = await explained(self.submissions.workflows, view)
        headers = {"Location": f"{self.present.prefix}/v1/jobs/{view.id}"}
        if seconds:
            headers["Preference-Applied"] = f"wait={seconds}"
        if answer.is_replay:
            headers["Idempotency-Replayed"] = "true"
        return json_bytes(self.present.job_json(view), 201, headers)

    async def list(self, request: Request, filters: Annotated[JobFilters, Query()]) -> Response:
        actor = self.admission.admit(request, Permission.JOBS_READ)
        page = await self.owners.call(list_query(actor, filters))
        items = [self.present.job(view) for view in page.items]
        return json_answer(JobList(items=items, next_cursor=page.next_cursor))

    async def show(self, request: Request, job_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.JOBS_READ)
        view = await find_job(self.owners, actor, job_id)
        return self._answer(await explained(self.submissions.workflows, view))

    async def cancel(self, request: Request, job_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.JOBS_RUN, Permission.JOBS_CANCEL_ALL)
        return self._answer(await self.owners.call(CancelJob(actor=actor, job_id=job_id)))

    def _answer(self, view: JobView) -> Response:
        return json_bytes(self.present.job_json(view))


def list_query(actor: Actor, filters: JobFilters) -> ListJobs:
    return ListJobs(
        actor=actor,
        status=filters.status,
        workflow=filters.workflow,
        label=filters.label,
        batch_id=filters.batch_id,
        owner_id=filters.owner_id,
        limit=filters.limit,
        cursor=filters.cursor,
    )
