"""Endpoint that explains why a job waits."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from contracts.access import Actor, Permission
from contracts.scheduler.explanations import ExplainJob, JobExplanation
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Strict
from gateway.jobs.requests import JobId
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


class NodesPage(Strict):
    """The nodes that an explanation shows."""

    limit: int = Field(default=100, ge=1, le=200, description="Nodes on a page.")
    cursor: UUID | None = Field(default=None, description="`next_cursor` of the page before.")


@router.get(
    "/{job_id}/explain", summary="Explain why a job waits", responses=refusals("database_away")
)
async def explain_job(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_READ)],
    job_id: JobId,
    page: Annotated[NodesPage, Query()],
) -> JobExplanation:
    """Give each node's reason not to take the job now, the owner's turn, and the limit in the way.

    Only a caller with `nodes:read` sees nodes; others see how many nodes have each reason.
    """
    query = ExplainJob(actor=actor, job_id=job_id, limit=page.limit, cursor=page.cursor)
    return await gateway.bus.call(query)
