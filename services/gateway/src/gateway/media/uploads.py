"""Endpoints and rules of uploads: through the gateway, or straight to a public store."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData, UploadFile

from contracts.access import Actor, Permission
from contracts.errors import OperationError, UnavailableError
from contracts.media.files import (
    BeginUpload,
    UploadPlace,
)
from contracts.values import new_id
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import (
    MULTIPART,
    Body,
    ReadsBody,
    malformed,
    read_form,
    refuse_nul,
    require_content_type,
    validated,
)
from gateway.http.headers import MaybeIdempotencyKey, MaybeSentKey, mark_created
from gateway.http.problems import RefusedError, invalid
from gateway.media.acceptance import (
    INSPECTION_SECONDS,
    accept_command,
    earlier_upload,
    store_upload,
    upload_digest,
)
from gateway.media.requests import (
    MASK_OPTIONS,
    DirectUpload,
    DirectUploadForm,
    MediaId,
    MediaUpload,
)
from gateway.media.resources import Media, media_resource
from gateway.service import CurrentGateway, Gateway, current_gateway
from gateway.workflows.versions import REFUSALS

log = structlog.get_logger()
router = APIRouter(prefix="/v1/media", tags=["media"])

SPOOL_RETRY_SECONDS = 10.0
FORM = "expected a form with one file and at most 20 fields of 4096 bytes"


class ReadsUpload(ReadsBody):
    """Reads the form while one of few upload slots is held, for the whole request."""

    def __init__(self) -> None:
        super().__init__({MULTIPART: MediaUpload})

    async def __call__(self, request: Request) -> AsyncGenerator[MediaUpload, None]:
        require_content_type(request, MULTIPART)
        gateway = await current_gateway(request)
        user_id = request.state.caller_id
        try:
            async with (
                gateway.uploads.place(user=user_id),
                asyncio.timeout(gateway.settings.upload_seconds),
            ):
                parts = await spooled(request)
                try:
                    yield sent_file(parts.multi_items(), gateway.settings.max_upload_bytes)
                finally:
                    await parts.close()
        except TimeoutError as error:
            raise RefusedError(408, "too_slow", "the upload took too long") from error


@router.post(
    "",
    status_code=201,
    summary="Upload a file",
    responses=refusals(
        *REFUSALS,
        "storage_quota",
        "media_refused",
        "store_unavailable",
        "no_room",
        "too_many_transfers",
    ),
)
async def upload_media(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_WRITE)],
    sent: Annotated[MediaUpload, Depends(ReadsUpload(), scope="function")],
    idempotency_key: MaybeSentKey,
    answer: Response,
) -> Media:
    """The file is inspected before the answer; 404 is about the `workflow` of a mask."""
    key = None
    if idempotency_key:
        digest = await upload_digest(gateway.idempotency_secret, sent)
        key = idempotency_key.with_digest(digest)
    media_id = new_id()
    try:
        upload = await with_options_of_spec(gateway, sent, actor)
        view = await store_upload(gateway, actor, media_id, upload, key)
    except OperationError as refusal:
        if key is None:
            raise
        view = await earlier_upload(gateway, actor, sent, key, refusal)
    path = gateway.path(f"/v1/media/{view.id}")
    # the refusal may be a lost answer to our own command, so the id tells
    mark_created(answer, path, is_replay=view.id != media_id, key=key)
    return media_resource(gateway.signer, view, actor)


@router.post(
    "/uploads",
    status_code=201,
    summary="Begin a direct upload to the store",
    responses=refusals("storage_quota", "no_public_store"),
)
async def begin_upload(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_WRITE)],
    upload: Body[DirectUpload],
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
) -> UploadPlace:
    """Works only if the store is public.

    PUT the bytes to `url`, then POST to `Location`. After 409
    `no_public_store`, upload through `POST /v1/media`.
    """
    command = BeginUpload(
        actor=actor,
        media_id=new_id(),
        size_bytes=upload.size_bytes,
        is_public=True,
        idempotency=idempotency_key,
    )
    place = await gateway.bus.call(command)
    path = gateway.path(f"/v1/media/uploads/{place.media_id}")
    is_replay = place.media_id != command.media_id
    mark_created(answer, path, is_replay=is_replay, key=idempotency_key)
    return place


@router.post(
    "/uploads/{media_id}",
    status_code=201,
    summary="Complete a direct upload to the store",
    responses=refusals("storage_quota", "nothing_uploaded", "media_refused", "store_unavailable"),
)
async def complete_upload(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_WRITE)],
    media_id: MediaId,
    form: Body[DirectUploadForm],
    answer: Response,
) -> Media:
    """The file is copied and the copy is inspected. A repeated request gets the first answer."""
    command = accept_command(actor, media_id, form, form.filename)
    view = await gateway.bus.call(command, within=INSPECTION_SECONDS)
    answer.headers["Location"] = gateway.path(f"/v1/media/{view.id}")
    return media_resource(gateway.signer, view, actor)


async def spooled(request: Request) -> FormData:
    """Return the form, its files spooled to disk; a second file is read, to be refused by name."""
    try:
        return await read_form(request, FORM, max_files=2, max_fields=20, max_part_size=4_096)
    except OSError as error:  # the disk is full, or there is no folder to write to
        log.warning("upload_not_spooled", reason=str(error))
        message = "this gateway has no space for uploads now"
        raise UnavailableError(message, code="no_room", retry_in=SPOOL_RETRY_SECONDS) from error


def sent_file(parts: list[tuple[str, UploadFile | str]], max_bytes: int) -> MediaUpload:
    fields = dict(parts)
    file = fields.get("file")
    if not isinstance(file, UploadFile):
        raise malformed("file", "missing", "a file is needed")
    refuse_nul(file.filename or "", "file")
    if sum(isinstance(value, UploadFile) for _, value in parts) > 1:
        raise malformed("file", "too_many", "expected one file, named `file`")
    refuse_nul(fields, "")
    upload = validated(MediaUpload, fields)
    if (file.size or 0) > max_bytes:
        raise RefusedError(413, "too_large", f"expected a file of at most {max_bytes} bytes")
    return upload


async def with_options_of_spec(gateway: Gateway, form: MediaUpload, actor: Actor) -> MediaUpload:
    """Complete the form of a mask with the options of the workflow's input that it is for.

    Raises InvalidError, NotFoundError, ForbiddenError.
    """
    if form.workflow is None and form.input is None:
        return form
    if form.kind != "mask" or form.workflow is None or form.input is None:
        raise invalid("workflow", "incomplete", "a mask names both `workflow` and `input`")
    version = await gateway.catalog.resolve(form.workflow, actor)
    wanted = version.spec.inputs.get(form.input)
    if wanted is None or wanted.item_type != "mask":
        raise invalid("input", "unknown", f"{form.workflow} has no mask of this name")
    options = {*MASK_OPTIONS, "allow_empty"} - form.model_fields_set
    return form.model_copy(update={name: getattr(wanted, name) for name in options})
