"""Turns uploaded bytes into a media.

A presigned URL stays writable for its whole life, so the upload is copied to a key that no URL
can write, and the copy is inspected and kept.
"""

from dataclasses import asdict
from datetime import timedelta

from contracts.content_types import named_as
from contracts.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    from_wire,
)
from contracts.media.files import (
    AbandonUpload,
    AcceptUpload,
    BeginUpload,
    MaskOptions,
    MediaView,
    UploadPlace,
)
from contracts.message import Accepted
from contracts.values import new_id
from media.domain import names
from media.domain.inspection import FileRefusedError, InspectedFile, too_big
from media.domain.records import StoredMedia, Upload
from media.handlers.deletion import discard
from media.ports import InspectionRequest, ObjectMissingError
from media.service import Media

UPLOAD_LIFETIME = timedelta(minutes=15)


async def begin_upload(media: Media, command: BeginUpload) -> UploadPlace:
    """Return a URL for the bytes if the owner's storage limit allows them."""
    actor = command.actor
    if command.size_bytes > media.max_upload_bytes:
        raise media_refused(too_big(media.max_upload_bytes))
    sign = media.store.public_upload_url if command.is_public else media.store.upload_url
    if sign(names.incoming_key(command.media_id), UPLOAD_LIFETIME) is None:
        raise ConflictError("the store is not public: send the file", code="no_public_store")
    upload = Upload(command.media_id, actor.user_id, command.size_bytes, media.clock())
    storage_bytes = actor.limits.storage_bytes
    media_id = await media.uploads.begin(upload, storage_bytes, command.idempotency)
    url = sign(names.incoming_key(media_id), UPLOAD_LIFETIME) or ""
    expires_at = upload.created_at + UPLOAD_LIFETIME
    return UploadPlace(media_id=media_id, url=url, expires_at=expires_at)


async def abandon_upload(media: Media, command: AbandonUpload) -> Accepted:
    """Forget an upload that failed; its URL stays writable, so cleaning finds late bytes."""
    if await media.uploads.forget(command.media_id, command.actor.user_id):
        await discard(media.store, names.incoming_key(command.media_id))
    return Accepted()


async def accept_upload(media: Media, command: AcceptUpload) -> MediaView:
    """Inspect the upload and keep it, or refuse it for good; once for repeated commands."""
    key = (command.actor.user_id, command.media_id)
    owner_id = command.actor.user_id
    return await media.acceptances.run(key, lambda: accept(media, command), owner_id)


async def accept(media: Media, command: AcceptUpload) -> MediaView:
    if (earlier := await earlier_answer(media, command)) is not None:
        return earlier
    request = await inspection_request(media, command)
    incoming = names.incoming_key(command.media_id)
    copy = names.blob_key(command.actor.user_id, new_id())
    try:
        file = await copy_and_inspect(media, incoming, copy, request)
        stored = await store_media(media, command, file, copy)
    except FileRefusedError as error:
        refusal = media_refused(error)
        await media.uploads.refuse(command.media_id, refusal.body())
        await discard(media.store, incoming, copy)
        raise refusal from error
    except (ForbiddenError, ConflictError):
        await discard(media.store, copy)
        raise
    except ObjectMissingError as error:
        # Another replica may have accepted the upload and deleted the object.
        if (earlier := await earlier_answer(media, command)) is not None:
            return earlier
        raise NotFoundError("nothing was put for this upload", code="nothing_uploaded") from error
    await discard(media.store, *({incoming, copy} - {stored.key}))
    return stored.view


async def earlier_answer(media: Media, command: AcceptUpload) -> MediaView | None:
    """Repeat the answer that this upload, or its idempotency key, got before."""
    owner = command.actor.user_id
    if accepted := await media.library.find([command.media_id], owner):
        return accepted[0].view
    if command.idempotency:
        replayed = await media.uploads.replayed(owner, command.idempotency)
        if replayed is not None:
            # else the bytes that were sent again would count against the quota for a while
            await media.uploads.forget(command.media_id, owner)
            await discard(media.store, names.incoming_key(command.media_id))
            return replayed.view
    upload = await media.uploads.find(command.media_id, owner)
    if upload.refusal:
        raise from_wire(InvalidError.kind, upload.refusal)
    return None


async def inspection_request(media: Media, command: AcceptUpload) -> InspectionRequest:
    if command.kind != "mask":
        return InspectionRequest(command.kind, media.bounds)
    options = command.mask or MaskOptions()
    size = await size_of_image(media, command, options)
    return InspectionRequest(command.kind, media.bounds, options, size)


async def size_of_image(
    media: Media, command: AcceptUpload, options: MaskOptions
) -> tuple[int, int] | None:
    """Return the size that the mask takes from an image of the same owner."""
    if options.image_id is None:
        return None
    found = await media.library.find([options.image_id], command.actor.user_id)
    view = found[0].view if found else None
    if view is None or view.kind != "image" or not view.width or not view.height:
        message = "The mask belongs to an image that does not exist."
        raise InvalidError(
            message, errors=[FieldError(path="image_id", code="unknown_media", message=message)]
        )
    return view.width, view.height


async def copy_and_inspect(
    media: Media, incoming: str, copy: str, request: InspectionRequest
) -> InspectedFile:
    """Copy the object, inspect the copy, and replace the copy if it is kept in another form."""
    maximum = media.max_upload_bytes
    if await media.store.size(incoming) > maximum:
        raise too_big(maximum)
    await media.store.copy(incoming, copy)
    with media.scratch_folder() as folder:
        await media.store.fetch(copy, folder / "source", maximum)
        file = await media.sandbox.inspect(folder, request)
        if file.is_changed:
            await media.store.put(copy, folder / "target", file.content_type)
    return file


async def store_media(
    media: Media, command: AcceptUpload, file: InspectedFile, key: str
) -> StoredMedia:
    made = {"channel": file.channel, "blank": file.blank}
    options = command.mask or MaskOptions()
    shown = names.display_name(command.filename)
    view = MediaView.model_validate(
        asdict(file)
        | {
            "id": command.media_id,
            "owner_id": command.actor.user_id,
            "kind": command.kind,
            "filename": named_as(shown, file.content_type) if shown else None,
            "created_at": media.clock(),
            "mask": options.model_dump() | made if file.channel else None,
        }
    )
    storage_bytes = command.actor.limits.storage_bytes
    return await media.uploads.accept(StoredMedia(view, key), storage_bytes, command.idempotency)


def media_refused(error: FileRefusedError) -> InvalidError:
    problem = FieldError(path="file", code=error.code, message=error.message, params=error.params)
    return InvalidError(error.message, code="media_refused", errors=[problem])
