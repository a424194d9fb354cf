"""Endpoints that change or delete one job, or run it again."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from contracts.access import Actor, Permission
from contracts.scheduler.job_changes import DeleteJob, UpdateJob
from contracts.scheduler.job_requests import IfUnrunnable
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body
from gateway.http.headers import MaybeIdempotencyKey, mark_created
from gateway.http.route import HotRoute
from gateway.jobs.endpoints import SUBMISSION_REFUSALS
from gateway.jobs.reading import job_in_detail
from gateway.jobs.requests import IF_UNRUNNABLE, JobChanges, JobId
from gateway.jobs.resources import Job
from gateway.jobs.retries import retry_of
from gateway.jobs.submission import submit_job
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=HotRoute)


@router.post(
    "/{job_id}/retry",
    status_code=201,
    summary="Run a job again",
    responses=refusals(*SUBMISSION_REFUSALS, "job_not_over", "job_completed", "unrunnable"),
)
async def retry_job(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    job_id: JobId,
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
    if_unrunnable: Annotated[IfUnrunnable, Query(description=IF_UNRUNNABLE)] = "wait",
) -> Job:
    """Make a new job of one that failed, was canceled or expired; `retry_of` names that one.

    The new job has the same version of the workflow, inputs, seeds, labels and priority, and the
    deadline if that has not passed. It belongs to no batch. The job that ended stays as it is.
    """
    preparing = retry_of(gateway, actor, job_id)
    submitted = await submit_job(gateway, actor, preparing, idempotency_key, if_unrunnable)
    path = gateway.path(f"/v1/jobs/{submitted.job.id}")
    mark_created(answer, path, is_replay=submitted.is_replay, key=idempotency_key)
    return await job_in_detail(gateway, submitted.job, actor)


@router.patch(
    "/{job_id}",
    summary="Change a job",
    responses=refusals("priority_not_allowed", "job_started", "job_over", "bad_text", "overloaded"),
)
async def update_job(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    job_id: JobId,
    changes: Body[JobChanges],
) -> Job:
    """The priority can change while the job is queued, labels until it is over.

    A new priority counts at once: the job stands behind older ones of its owner. A field that is
    left out stays as it is.
    """
    view = await gateway.bus.call(UpdateJob(actor=actor, job_id=job_id, **changes.__dict__))
    return await job_in_detail(gateway, view, actor)


@router.delete(
    "/{job_id}",
    status_code=204,
    summary="Delete a job that is over",
    responses=refusals("job_not_over", "overloaded"),
)
async def delete_job(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_RUN)],
    job_id: JobId,
) -> None:
    """Its results are deleted too, favorites as well, a moment later; its inputs stay.

    A repetition within a day succeeds.
    """
    await gateway.bus.call(DeleteJob(actor=actor, job_id=job_id))
