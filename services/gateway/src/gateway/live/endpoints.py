"""Endpoints of live events (SSE), and the signals behind them."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse

from contracts.access import Permission
from contracts.agent import AttemptPreviewed, AttemptProgressed, JobWatched
from contracts.message import Signal
from gateway.http.access import AllowedVisit, Visit
from gateway.http.streaming import LongAnswer
from gateway.live.frames import EventFrame, last_seen
from gateway.live.hub import Hub
from gateway.live.streams import Stream, open_job_stream, open_owner_stream
from gateway.service import CurrentGateway, Gateway
from runtime.bus.client import Bus

SSE = "text/event-stream"
HEADERS = {
    "Content-Type": f"{SSE}; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The last `id` that was seen; events after it come."),
]


class EventStream(StreamingResponse):
    media_type = SSE


router = APIRouter(prefix="/v1", tags=["events"], default_response_class=EventStream)
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"model": EventFrame, "description": "One event after another."}
}


@router.get(
    "/jobs/{job_id}/events",
    summary="Follow one job",
    responses=STREAM | {204: {"description": "The job has ended and the client has its end."}},
)
async def follow_job(
    gateway: CurrentGateway,
    visit: Annotated[Visit, AllowedVisit(Permission.JOBS_READ)],
    job_id: UUID,
    last_id: LastEventId = None,
) -> Response:
    """The first frame is the job as it is now; the last frame is its end, with the whole job.

    `id` is the job's version. The stream ends with the access token too: come back with a new
    token and `Last-Event-ID`.
    """
    stream = await open_job_stream(gateway, visit, job_id, last_seen(last_id))
    if stream is None:
        return Response(status_code=204)
    await gateway.bus.signal(JobWatched(job_id=job_id))
    return answer(stream)


@router.get("/events", summary="Follow all my jobs", responses=STREAM)
async def follow_jobs(
    gateway: CurrentGateway,
    visit: Annotated[Visit, AllowedVisit(Permission.JOBS_READ)],
    last_id: LastEventId = None,
) -> Response:
    """The first frames are the unfinished jobs as they are now.

    `id` is the place in the stream of all events. The stream ends with the access token: come back
    with a new token and `Last-Event-ID`.
    """
    return answer(await open_owner_stream(gateway, visit, last_seen(last_id)))


def answer(stream: Stream) -> LongAnswer:
    return LongAnswer(stream.frames, stream.close, headers=HEADERS)


async def announce_watched_jobs(gateway: Gateway) -> None:
    """Tell agents which jobs have an open stream: they send previews of those only."""
    for job_id in gateway.hub.watched:
        await gateway.bus.signal(JobWatched(job_id=job_id))


async def subscribe_signals(hub: Hub, bus: Bus) -> None:
    """Pass progress and previews on to listeners, as the bytes they are."""
    signals: dict[str, type[Signal]] = {
        "job.progress": AttemptProgressed,
        "job.preview": AttemptPreviewed,
    }
    for name, signal in signals.items():
        await bus.subscribe_raw(signal, partial(pass_signal, hub, name))


async def pass_signal(hub: Hub, name: str, keys: dict[str, str], body: bytes) -> None:
    try:
        owner_id, job_id = UUID(keys["owner_id"]), UUID(keys["job_id"])
    except ValueError:
        return
    hub.pass_signal(name, owner_id, job_id, body)
