"""Media over HTTP: upload, show."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from contracts.access import Actor, Permission
from contracts.errors import UnavailableError
from gateway.domain.problems import RefusedError
from gateway.domain.requests import UploadForm
from gateway.domain.resources import Media, Presenter
from gateway.handlers.media import as_wanted, find_media, store_upload, upload_digest
from gateway.ports import ObjectStore, Owners, Workflows
from gateway.routes.admission import Admission
from gateway.routes.answers import IDEMPOTENCY, json_answer, problems, shows
from gateway.routes.reading import (
    content_type,
    idempotency_key,
    idempotency_name,
    malformed,
    refuse_nul,
    validated,
)

log = structlog.get_logger()

MULTIPART = "multipart/form-data"
SPOOL_RETRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class MediaRoutes:
    admission: Admission
    owners: Owners
    workflows: Workflows
    store: ObjectStore
    present: Presenter
    secret: bytes
    max_bytes: int
    upload_seconds: float
    free: asyncio.Semaphore

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/media", tags=["media"])
        router.add_api_route(
            "",
            self.upload,
            methods=["POST"],
            status_code=201,
            summary="Upload a file",
            responses={**shows(Media, 201), **problems(401, 403, 404, 409, 413, 415, 422, 503)},
            openapi_extra={"requestBody": upload_body(), "parameters": [IDEMPOTENCY]},
        )
        router.add_api_route(
            "/{media_id}",
            self.show,
            summary="Show a media",
            responses={**shows(Media), **problems(401, 403, 404, 422, 503)},
        )
        return router

    async def upload(self, request: Request) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_WRITE)
        if content_type(request) != MULTIPART:
            raise RefusedError(415, "unsupported_media_type", f"expected {MULTIPART}")
        if self.free.locked():
            raise UnavailableError("too many uploads at once", retry_in=2)
        try:
            async with self.free, asyncio.timeout(self.upload_seconds):
                return await self._take(request, actor)
        except TimeoutError as error:
            raise RefusedError(408, "too_slow", "the upload took too long") from error

    async def _take(self, request: Request, actor: Actor) -> Response:
        form = await read_multipart(request)
        try:
            file, fields = parts_of(form)
            if (file.size or 0) > self.max_bytes:
                limit = f"expected a file of at most {self.max_bytes} bytes"
                raise RefusedError(413, "too_large", limit)
            fields = await as_wanted(self.workflows, fields, actor)
            key = None
            if idempotency_name(request.headers):
                digest = await upload_digest(self.secret, file, fields)
                key = idempotency_key(request.headers, digest)
            view, repeated = await store_upload(self.owners, self.store, actor, file, fields, key)
        finally:
            await form.close()
        headers = {"Location": f"{self.present.prefix}/v1/media/{view.id}"}
        if repeated:
            headers["Idempotency-Replayed"] = "true"
        return json_answer(self.present.media(view), 201, headers)

    async def show(self, request: Request, media_id: UUID) -> Response:
        actor = self.admission.admit(request, Permission.MEDIA_READ)
        return json_answer(self.present.media(await find_media(self.owners, actor, media_id)))


async def read_multipart(request: Request) -> FormData:
    """The parts, files spooled to disk; the caller closes them.

    One file more than allowed is read, so that it can be named.
    """
    try:
        return await request.form(max_files=2, max_fields=20, max_part_size=4_096)
    except (HTTPException, FormParserError) as error:
        expected = "expected a form with one file and at most 20 fields of 4096 bytes"
        raise malformed("body", "bad_form", expected) from error
    except ClientDisconnect as error:
        raise malformed("body", "incomplete", "the body is incomplete") from error
    except OSError as error:  # the disk is full, or there is no folder to write to
        log.warning("upload_not_spooled", reason=str(error))
        message = "this gateway has no room for uploads now"
        raise UnavailableError(message, code="no_room", retry_in=SPOOL_RETRY_SECONDS) from error


def parts_of(form: FormData) -> tuple[UploadFile, UploadForm]:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise malformed("file", "missing", "a file is needed")
    refuse_nul(file.filename or "", "file")
    if sum(isinstance(value, UploadFile) for _, value in form.multi_items()) > 1:
        raise malformed("file", "too_many", "expected one file, named `file`")
    fields = {name: value for name, value in form.items() if name != "file"}
    refuse_nul(fields, "")
    return file, validated(UploadForm, fields)


def upload_body() -> dict[str, Any]:
    file = {"type": "string", "format": "binary", "description": "The file."}
    fields = {"$ref": "#/components/schemas/UploadForm"}
    whole = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    return {"required": True, "content": {MULTIPART: {"schema": {"allOf": [whole, fields]}}}}
