"""Endpoints of live events (SSE)."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import StreamingResponse

from contracts.access import Permission
from contracts.agent import JobWatched, OwnerWatched
from gateway.batches.requests import BatchId
from gateway.http.access import AdmitsCaller, AdmittedCaller
from gateway.http.answers import refusals, sends
from gateway.http.pace import Patience
from gateway.http.streaming import SEND_SECONDS, LongAnswer
from gateway.jobs.requests import JobId
from gateway.live.batch_streams import open_batch_stream
from gateway.live.frames import RETRY, EventFrame, last_seen, server_sent
from gateway.live.streams import OpenStream, open_job_stream, open_owner_stream
from gateway.service import CurrentGateway

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="The last `id` you received; the stream continues after it.",
    ),
]


SSE = "text/event-stream"
HEADERS = {
    "Content-Type": f"{SSE}; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


class EventStream(StreamingResponse):
    media_type = SSE


router = APIRouter(prefix="/v1", tags=["events"], default_response_class=EventStream)
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"model": EventFrame, "description": "Server-sent events."} | sends("X-Accel-Buffering"),
    **refusals("too_many_streams", "too_many_transfers", "overloaded", "database_away"),
}


@router.get(
    "/jobs/{job_id}/events",
    summary="Follow one job",
    responses=STREAM
    | {204: {"description": "The job has ended, and the client has received its last event."}},
)
async def follow_job(
    gateway: CurrentGateway,
    caller: Annotated[AdmittedCaller, Depends(AdmitsCaller(Permission.JOBS_READ))],
    job_id: JobId,
    last_id: LastEventId = None,
) -> Response:
    """The first event is a snapshot of the job; the last contains the finished job.

    `id` is the job's version. The stream closes when the access token expires: reconnect with a
    new token and `Last-Event-ID`.
    """
    stream = await open_job_stream(gateway, caller, job_id, last_seen(last_id))
    if stream is None:
        return Response(status_code=204)
    await gateway.bus.signal(JobWatched(job_id=job_id))
    return answer(stream)


@router.get(
    "/batches/{batch_id}/events",
    summary="Follow all jobs of a batch",
    responses=STREAM
    | {204: {"description": "All jobs have ended, and the client has received the last event."}},
)
async def follow_batch(
    gateway: CurrentGateway,
    caller: Annotated[AdmittedCaller, Depends(AdmitsCaller(Permission.JOBS_READ))],
    batch_id: BatchId,
    last_id: LastEventId = None,
) -> Response:
    """The first events are snapshots of the jobs; the last one, `batch.finished`, has the batch.

    `id` is the position in the stream of all events; there are no previews. The stream closes when
    the access token expires: reconnect with a new token and `Last-Event-ID`.
    """
    stream = await open_batch_stream(gateway, caller, batch_id, last_id)
    return Response(status_code=204) if stream is None else answer(stream)


@router.get("/events", summary="Follow all my jobs", responses=STREAM)
async def follow_jobs(
    gateway: CurrentGateway,
    caller: Annotated[AdmittedCaller, Depends(AdmitsCaller(Permission.JOBS_READ))],
    last_id: LastEventId = None,
) -> Response:
    """The first events are snapshots of your unfinished jobs; the last one has an `id`.

    `id` is the position in the stream of all events. The stream closes when the access token
    expires: reconnect with a new token and `Last-Event-ID`.
    """
    stream = await open_owner_stream(gateway, caller, last_id)
    await gateway.bus.signal(OwnerWatched(owner_id=caller.actor.user_id))
    return answer(stream)


def answer(stream: OpenStream) -> LongAnswer:
    """Return the stream as server-sent events, each of which the client must take in time."""
    patience = Patience(SEND_SECONDS)
    return LongAnswer(events_of(stream), stream.held, headers=HEADERS, patience=patience)


async def events_of(stream: OpenStream) -> AsyncIterator[bytes]:
    yield RETRY
    async with aclosing(stream.frames) as frames:
        async for frame in frames:
            yield server_sent(frame)
