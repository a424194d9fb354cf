"""Endpoints of jobs."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from contracts.access import Actor, Permission
from contracts.scheduler.job_requests import CancelJob, ListJobs
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body
from gateway.http.headers import MaybeIdempotencyKey, WaitSeconds, mark_created
from gateway.http.route import HotRoute
from gateway.jobs.reading import find_job, job_graph, job_in_detail, wait_for_end
from gateway.jobs.requests import JobFilters, JobId, JobRequest
from gateway.jobs.resources import Job, JobGraph, JobPage, job_resource, summary_resource
from gateway.jobs.submission import new_job, submit_job
from gateway.service import CurrentGateway
from gateway.workflows.authoring import GRAPH_CHECKED
from gateway.workflows.versions import REFUSALS

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=HotRoute)

SUBMISSION_REFUSALS = (
    *REFUSALS,
    "priority_not_allowed",
    "model_not_allowed",
    "storage_quota",
    "bad_text",
    "bad_time",
    "invalid_inputs",
    "job_deleted",
    "too_many_waiting",
    "overloaded",
    "queue_full",
    "database_away",
)
"""Problems of a new job that its inputs, its owner's limits or the fleet can cause."""


WEBHOOK_REFUSALS = ("bad_url", "too_many_job_webhooks", "webhook_id_taken")


@router.post(
    "",
    status_code=201,
    summary="Run a workflow or a graph",
    responses=refusals(*SUBMISSION_REFUSALS, *GRAPH_CHECKED, "unrunnable", *WEBHOOK_REFUSALS),
)
async def create_job(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    job: Body[JobRequest],
    idempotency_key: MaybeIdempotencyKey,
    seconds: WaitSeconds,
    answer: Response,
) -> Job:
    """The job waits until a node can run it; 404 is about the workflow that the body names.

    A graph without a workflow (`graph`) runs as it is. Equal graphs are one version, which the
    job names as `graph@<hash>`; that may stand for `workflow` in other requests. It is deleted
    when it was not used for long.

    With `if_unrunnable: refuse` a job that no node of the fleet can run is a 409 instead.

    With `Prefer: wait=N` the answer comes when the job ends, or after N seconds.
    """
    preparing = new_job(gateway, actor, job)
    submitted = await submit_job(
        gateway, actor, preparing, idempotency_key, job.if_unrunnable, job.webhook
    )
    view, path = submitted.job, gateway.path(f"/v1/jobs/{submitted.job.id}")
    mark_created(answer, path, is_replay=submitted.is_replay, key=idempotency_key)
    if seconds:
        view = await wait_for_end(gateway, view, seconds)
        answer.headers["Preference-Applied"] = f"wait={seconds}"
    return await job_in_detail(gateway, view, actor)


@router.get("", summary="List jobs, newest first", responses=refusals("database_away"))
async def list_jobs(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_READ)],
    filters: Annotated[JobFilters, Query()],
) -> JobPage:
    """All filters must match. Listing jobs of other users needs `jobs:read_all`.

    A page has fewer jobs than `limit` if they are large. `GET /v1/jobs/{id}` shows the inputs.
    """
    page = await gateway.bus.call(ListJobs(actor=actor, **filters.__dict__))
    items = [summary_resource(gateway.signer, view, actor) for view in page.items]
    return JobPage(items=items, next_cursor=page.next_cursor)


@router.get("/{job_id}", summary="Show a job", responses=refusals("database_away"))
async def get_job(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.JOBS_READ)], job_id: JobId
) -> Job:
    """With progress, results so far and, while it waits, its place in the queue."""
    view = await find_job(gateway, actor, job_id)
    return await job_in_detail(gateway, view, actor)


@router.post("/{job_id}/cancel", summary="End a job early", responses=refusals("overloaded"))
async def cancel_job(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN, Permission.JOBS_CANCEL_ALL)],
    job_id: JobId,
) -> Job:
    """Canceling a job that has ended changes nothing and returns the job."""
    view = await gateway.bus.call(CancelJob(actor=actor, job_id=job_id))
    return job_resource(gateway.signer, view, actor)


@router.get(
    "/{job_id}/graph",
    summary="Show the graph of a job",
    responses=refusals("version_gone", "database_away"),
)
async def get_graph(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.GRAPHS_READ)],
    job_id: JobId,
) -> JobGraph:
    """The workflow's graph with the inputs of the job in place, as ComfyUI takes it.

    A server gets it with file names in place of ids of media, and with an output prefix of its
    own. Graphs of other users' jobs need `jobs:read_all` too.
    """
    return await job_graph(gateway, await find_job(gateway, actor, job_id))
