"""Much at once over HTTP: a ZIP of many media, and large files that bypass the gateway."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from contracts.access import Permission
from contracts.errors import UnavailableError
from gateway.domain.links import body_digest
from gateway.domain.media_requests import ArchiveRequest, DirectUpload, DirectUploadForm
from gateway.domain.resources import Media, Presenter, UploadPlace
from gateway.handlers.archive import find_all, zip_of
from gateway.handlers.gallery import accept_direct, begin_direct
from gateway.ports import ObjectStore, Owners
from gateway.routes.admission import Admission
from gateway.routes.answers import (
    IDEMPOTENCY,
    NO_STORE,
    REPLAYED,
    json_answer,
    problems,
    reads,
    shows,
)
from gateway.routes.reading import idempotency_key, read_json
from gateway.routes.sending import LongAnswer

ZIP = "application/zip"
ZIP_HEADERS = {
    "Content-Type": ZIP,
    "Content-Disposition": 'attachment; filename="media.zip"',
} | NO_STORE


@dataclass(frozen=True, slots=True)
class BulkRoutes:
    admission: Admission
    owners: Owners
    store: ObjectStore
    present: Presenter
    secret: bytes
    max_archive_bytes: int
    free: asyncio.Semaphore

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/media", tags=["media"])
        router.add_api_route(
            "/archive",
            self.archive,
            methods=["POST"],
            summary="Download many media as a ZIP file",
            response_class=StreamingResponse,
            responses={
                200: {"description": "The ZIP file.", "content": {ZIP: {}}},
                **problems(401, 403, 415, 422, 503),
            },
            openapi_extra=reads(ArchiveRequest),
        )
        router.add_api_route(
            "/uploads",
            self.begin,
            methods=["POST"],
            status_code=201,
            summary="Begin an upload straight to the store",
            description="Where the store is public. PUT the bytes to `url`, then POST to "
            "`/v1/media/uploads/{id}`. 409 `no_public_store`: upload through `POST /v1/media`.",
            responses={**shows(UploadPlace, 201), **problems(401, 403, 409, 415, 422, 503)},
            openapi_extra=reads(DirectUpload) | {"parameters": [IDEMPOTENCY]},
        )
        router.add_api_route(
            "/uploads/{media_id}",
            self.accept,
            methods=["POST"],
            status_code=201,
            summary="Complete an upload straight to the store",
            description="What was put is copied and the copy inspected; a repeat is answered "
            "the same.",
            responses={**shows(Media, 201), **problems(401, 403, 404, 415, 422, 503)},
            openapi_extra=reads(DirectUploadForm),
        )
        return router

    async def archive(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_READ)
        asked, _ = await read_json(request, ArchiveRequest)
        media = await find_all(self.owners, actor, asked.media_ids, self.max_archive_bytes)
        if self.free.locked():
            raise UnavailableError("too many archives at once", retry_in=5)
        await self.free.acquire()
        chunks = zip_of(self.owners, self.store, actor, media)
        return LongAnswer(chunks, self._release, headers=ZIP_HEADERS)

    async def _release(self) -> None:
        self.free.release()

    async def begin(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_WRITE)
        asked, body = await read_json(request, DirectUpload)
        key = idempotency_key(request.headers, body_digest(self.secret, body))
        place, repeated = await begin_direct(self.owners, actor, asked, key)
        return json_answer(place, 201, REPLAYED if repeated else None)

    async def accept(self, request: Request, media_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_WRITE)
        form, _ = await read_json(request, DirectUploadForm)
        view = await accept_direct(self.owners, actor, media_id, form)
        headers = {"Location": f"{self.present.prefix}/v1/media/{view.id}"}
        return json_answer(self.present.media(view), 201, headers)
