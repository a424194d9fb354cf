"""Media: take an upload in; say where content is."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from uuid import UUID

from contracts.access import Actor, IdempotencyKey
from contracts.errors import FieldError, InvalidError, NotFoundError
from contracts.ids import new_id
from contracts.media import AcceptUpload, BeginUpload, FindMedia, MaskOptions, MediaView
from gateway.domain.requests import UploadForm
from gateway.ports import ObjectStore, Owners, Upload

CHUNK = 256 * 1024
INSPECTION_SECONDS = 60.0


async def store_upload(
    owners: Owners,
    store: ObjectStore,
    actor: Actor,
    upload: Upload,
    form: UploadForm,
    idempotency: IdempotencyKey | None,
) -> tuple[MediaView, bool]:
    """Put the bytes where media says and let it inspect them; also whether it was a repeat."""
    size = upload.size or 0
    if not size:
        message = "expected a file with something in it"
        raise InvalidError(message, errors=[FieldError(path="file", code="empty", message=message)])
    media_id = new_id()
    target = await owners.call(BeginUpload(actor=actor, media_id=media_id, size_bytes=size))
    await upload.seek(0)
    await store.put(target.url, target.headers, size, chunks_of(upload))
    accept = AcceptUpload.model_validate(
        {
            "actor": actor,
            "media_id": media_id,
            "kind": form.kind,
            "filename": (upload.filename or "")[:255] or None,
            "mask": mask_options(form),
            "idempotency": idempotency,
        }
    )
    view = await owners.call(accept, within=INSPECTION_SECONDS)
    return view, view.id != media_id


def mask_options(form: UploadForm) -> MaskOptions | None:
    if form.kind != "mask":
        return None
    return MaskOptions.model_validate(form.model_dump(exclude={"kind"}))


async def chunks_of(upload: Upload) -> AsyncIterator[bytes]:
    while chunk := await upload.read(CHUNK):
        yield chunk


async def upload_digest(secret: bytes, upload: Upload, form: UploadForm) -> str:
    """Fingerprint of an upload: its fields and its bytes."""
    digest = hmac.new(secret, form.model_dump_json().encode(), hashlib.sha256)
    await upload.seek(0)
    async for chunk in chunks_of(upload):
        await asyncio.to_thread(digest.update, chunk)
    return digest.hexdigest()


async def find_media(owners: Owners, actor: Actor, media_id: UUID) -> MediaView:
    found = await owners.call(FindMedia(actor=actor, media_ids=[media_id]))
    if not found.items:
        raise NotFoundError("there is no such media")
    return found.items[0]
