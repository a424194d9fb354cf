"""Endpoints of the fleet as a whole: its overview, and the pause of the dispatch."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from contracts.access import Actor, Permission
from contracts.scheduler.dispatch import (
    DispatchView,
    FindOverview,
    OverviewView,
    PauseDispatch,
    ResumeDispatch,
)
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body, Strict
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/admin", tags=["nodes"])


class PauseRequest(Strict):
    """Why the dispatch is paused."""

    reason: str | None = Field(
        default=None, max_length=300, description="The reason, which the overview shows."
    )


@router.get("/overview", summary="Show the fleet as a whole", responses=refusals("database_away"))
async def get_overview(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.NODES_READ)]
) -> OverviewView:
    """It is as of now. Only a caller with `jobs:read_all` sees owners."""
    return await gateway.bus.call(FindOverview(actor=actor))


@router.post(
    "/dispatch/pause", summary="Give nodes to no waiting job", responses=refusals("overloaded")
)
async def pause_dispatch(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)],
    pause: Body[PauseRequest | None],
) -> DispatchView:
    """Jobs that nodes have go on to their end, and new ones are accepted and wait.

    It stays so over restarts until it is resumed; `explain` of a waiting job says so.
    """
    reason = pause.reason if pause else None
    return await gateway.bus.call(PauseDispatch(actor=actor, reason=reason))


@router.post(
    "/dispatch/resume", summary="Give nodes to waiting jobs again", responses=refusals("overloaded")
)
async def resume_dispatch(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.NODES_WRITE)]
) -> DispatchView:
    """They start in the order in which they would have started."""
    return await gateway.bus.call(ResumeDispatch(actor=actor))
