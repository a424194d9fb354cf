"""Media: take an upload in; say where content is."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from uuid import UUID

from contracts.access import Actor, IdempotencyKey
from contracts.errors import NotFoundError
from contracts.media.files import AcceptUpload, BeginUpload, FindMedia, MaskOptions, MediaView
from contracts.values import new_id
from gateway.domain.fitting import MADE_WITH
from gateway.domain.problems import invalid
from gateway.domain.requests import MediaForm, UploadForm
from gateway.handlers.workflows import resolve
from gateway.ports import ObjectStore, Owners, Upload, Workflows

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
        raise invalid("file", "empty", "expected a file with something in it")
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


async def as_wanted(workflows: Workflows, form: UploadForm, actor: Actor) -> UploadForm:
    """The form with the options of the workflow's input that the mask is for, where it has none.

    Raises Invalid, NotFound, Forbidden.
    """
    if form.workflow is None and form.input is None:
        return form
    if form.kind != "mask" or form.workflow is None or form.input is None:
        raise invalid("workflow", "incomplete", "a mask names both `workflow` and `input`")
    wanted = (await resolve(workflows, form.workflow, actor)).spec.inputs.get(form.input)
    if wanted is None or wanted.item_type != "mask":
        raise invalid("input", "unknown", f"{form.workflow} has no mask of this name")
    options = {*MADE_WITH, "allow_empty"} - form.model_fields_set
    return form.model_copy(update={name: getattr(wanted, name) for name in options})


def mask_options(form: MediaForm) -> MaskOptions | None:
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
