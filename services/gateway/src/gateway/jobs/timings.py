"""The endpoint of the attempts of a job, and of how long their graph nodes took."""

from typing import Annotated

from fastapi import APIRouter

from contracts.access import Actor, Permission
from contracts.scheduler.timings import FindTimings, TimingsView
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.jobs.requests import JobId
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get(
    "/{job_id}/timings",
    summary="Show how long the graph nodes of a job took",
    responses=refusals("database_away"),
)
async def get_timings(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.JOBS_READ)], job_id: JobId
) -> TimingsView:
    """All attempts of the job, the newest first, each with the times that its node reported.

    Ids and classes of graph nodes need no further permission: progress shows them too.
    """
    return await gateway.bus.call(FindTimings(actor=actor, job_id=job_id))
