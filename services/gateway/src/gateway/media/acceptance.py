"""Puts an uploaded file into the store and has media accept it, once for an idempotency key."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import cast
from uuid import UUID

from starlette.datastructures import UploadFile

from contracts.access import Actor, IdempotencyKey
from contracts.errors import NotFoundError, OperationError
from contracts.media.files import (
    AbandonUpload,
    AcceptUpload,
    BeginUpload,
    MaskOptions,
    MediaKind,
    MediaView,
)
from contracts.values import new_id
from gateway.http.problems import invalid
from gateway.media.requests import MediaForm, MediaUpload
from gateway.service import Gateway

CHUNK = 256 * 1024
INSPECTION_SECONDS = 60.0


async def upload_digest(secret: bytes, upload: MediaUpload) -> str:
    """Return a fingerprint of an upload: its fields and its bytes."""
    fields = upload.model_dump_json(exclude={"file"}).encode()
    digest = hmac.new(secret, fields, hashlib.sha256)
    async for chunk in chunks_of(upload.file):
        await asyncio.to_thread(digest.update, chunk)
    return digest.hexdigest()


async def earlier_upload(
    gateway: Gateway,
    actor: Actor,
    sent: MediaUpload,
    key: IdempotencyKey,
    refusal: OperationError,
) -> MediaView:
    """Return the media that this key made; raise the refusal of the new upload if there is none.

    The quota may be full since, or the workflow switched off.
    """
    accept = accept_command(actor, new_id(), sent, None, key)
    try:
        return await gateway.bus.call(accept)
    except NotFoundError:
        raise refusal from None


async def store_upload(
    gateway: Gateway,
    actor: Actor,
    media_id: UUID,
    sent: MediaUpload,
    idempotency_key: IdempotencyKey | None,
) -> MediaView:
    """Put the bytes into the store and have media inspect them.

    The media has another id if an earlier upload under this key made it.
    """
    size = sent.file.size or 0
    if not size:
        raise invalid("file", "empty_file", "expected a file that is not empty")
    place = await gateway.bus.call(BeginUpload(actor=actor, media_id=media_id, size_bytes=size))
    try:
        await gateway.store.put(place.url, place.headers, size, chunks_of(sent.file))
    except OperationError:
        with suppress(OperationError):
            await gateway.bus.call(AbandonUpload(actor=actor, media_id=media_id))
        raise
    filename = written_name(sent.file.filename or "")[:255] or None
    accept = accept_command(actor, media_id, sent, filename, idempotency_key)
    return await gateway.bus.call(accept, within=INSPECTION_SECONDS)


def written_name(sent: str) -> str:
    """Return a file's name as it was before a form escaped it (WHATWG HTML, multipart/form-data).

    Browsers escape these characters and no others, not even the percent sign.
    """
    for escaped, character in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        sent = sent.replace(escaped, character)
    return sent


def accept_command(
    actor: Actor,
    media_id: UUID,
    form: MediaForm,
    filename: str | None,
    idempotency_key: IdempotencyKey | None = None,
) -> AcceptUpload:
    is_mask = form.kind == "mask"
    return AcceptUpload(
        actor=actor,
        media_id=media_id,
        kind=cast("MediaKind", form.kind),
        filename=filename,
        mask=MaskOptions.model_validate(form, from_attributes=True) if is_mask else None,
        idempotency=idempotency_key,
    )


async def chunks_of(file: UploadFile) -> AsyncIterator[bytes]:
    await file.seek(0)
    while chunk := await file.read(CHUNK):
        yield chunk
