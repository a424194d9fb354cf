"""Live events over HTTP: server-sent events."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from contracts.access import Permission
from contracts.agent import JobWatched
from gateway.domain.frames import last_seen
from gateway.handlers.streams import Live, Stream, open_job_stream, open_owner_stream
from gateway.ports import Signals
from gateway.routes.admission import Admission
from gateway.routes.answers import LAST_EVENT, problems
from gateway.routes.sending import LongAnswer

SSE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events.", "content": {"text/event-stream": {}}}
}
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True)
class EventRoutes:
    admission: Admission
    live: Live
    signals: Signals

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1", tags=["events"])
        extra = {"parameters": [LAST_EVENT]}
        router.add_api_route(
            "/jobs/{job_id}/events",
            self.job,
            summary="Follow one job",
            description="The first frame is the job as it is now; the last is its end, whole. "
            "`id` is the job's version. It ends with its token too: come back with a fresh one and "
            "`Last-Event-ID`.",
            response_class=StreamingResponse,
            responses={
                **SSE,
                204: {"description": "The job has ended and you have seen it."},
                **problems(401, 403, 404, 422, 503),
            },
            openapi_extra=extra,
        )
        router.add_api_route(
            "/events",
            self.mine,
            summary="Follow all my jobs",
            description="The first frames are the unfinished jobs as they are now. `id` is the "
            "place in the stream of events. It ends with its token: come back with a fresh one and "
            "`Last-Event-ID`.",
            response_class=StreamingResponse,
            responses={**SSE, **problems(401, 403, 503)},
            openapi_extra=extra,
        )
        return router

    async def job(self, request: Request, job_id: UUID) -> Response:
        visit = self.admission.visit(request, Permission.JOBS_READ)
        seen = last_seen(request.headers.get("last-event-id"))
        stream = await open_job_stream(self.live, visit, job_id, seen)
        if stream is None:
            return Response(status_code=204)
        await self.signals.signal(JobWatched(job_id=job_id))
        return event_stream(stream)

    async def mine(self, request: Request) -> Response:
        visit = self.admission.visit(request, Permission.JOBS_READ)
        seen = last_seen(request.headers.get("last-event-id"))
        return event_stream(await open_owner_stream(self.live, visit, seen))


def event_stream(stream: Stream) -> LongAnswer:
    return LongAnswer(stream.frames, stream.close, headers=HEADERS)
