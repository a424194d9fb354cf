"""From bytes that anybody could have put to a medium that is what it says.

A presigned URL stays writable for its whole life, so the upload is copied to a key that no URL
can write, and the copy is what gets inspected and kept.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from contracts.errors import (
    ConflictError,
    FieldError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
    from_wire,
)
from contracts.media.files import AcceptUpload, BeginUpload, MaskOptions, MediaView, UploadTarget
from contracts.values import MadeMask, new_id
from media.domain import names
from media.domain.inspection import Bounds, Finding, MaskOrder, Order, RefusedError, too_big
from media.domain.records import Kept, Upload
from media.ports import (
    Bench,
    Clock,
    Library,
    ObjectMissingError,
    ObjectStore,
    Uploads,
    Workshop,
)

log = structlog.get_logger()

UPLOAD_LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one uploaded file may be."""

    max_bytes: int
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Intake:
    """All that taking a file in needs."""

    uploads: Uploads
    library: Library
    store: ObjectStore
    workshop: Workshop
    bench: Bench
    clock: Clock
    limits: UploadLimits


async def begin_upload(intake: Intake, command: BeginUpload) -> UploadTarget:
    """Give the caller a place to put the bytes, if the owner has room for them."""
    actor = command.actor
    if command.size_bytes > intake.limits.max_bytes:
        raise refusal(too_big(intake.limits.max_bytes))
    sign = intake.store.public_upload_url if command.is_public else intake.store.upload_url
    if sign(names.incoming_key(command.media_id), UPLOAD_LIFETIME) is None:
        raise ConflictError("the store is not public: send the file", code="no_public_store")
    upload = Upload(command.media_id, actor.user_id, command.size_bytes, intake.clock())
    room = actor.limits.storage_bytes
    media_id = await intake.uploads.begin(upload, room, command.idempotency)
    url = sign(names.incoming_key(media_id), UPLOAD_LIFETIME) or ""
    expires_at = upload.created_at + UPLOAD_LIFETIME
    return UploadTarget(media_id=media_id, url=url, expires_at=expires_at)


async def accept_upload(intake: Intake, command: AcceptUpload) -> MediaView:
    """Inspect what was put and keep it, or refuse it for good."""
    if (answered := await already_answered(intake, command)) is not None:
        return answered
    order = await order_for(intake, command)
    incoming = names.incoming_key(command.media_id)
    copy = names.blob_key(command.actor.user_id, new_id())
    try:
        finding = await take_in(intake, incoming, copy, order)
        kept = await keep(intake, command, finding, copy)
    except RefusedError as error:
        refused = refusal(error)
        await intake.uploads.refuse(command.media_id, refused.body())
        await discard(intake.store, incoming, copy)
        raise refused from error
    except (ForbiddenError, ConflictError):
        await discard(intake.store, copy)
        raise
    except ObjectMissingError as error:
        # Another replica may just have accepted it and cleared the place.
        if (answered := await already_answered(intake, command)) is not None:
            return answered
        raise NotFoundError("nothing was put for this upload", code="nothing_uploaded") from error
    await discard(intake.store, *({incoming, copy} - {kept.key}))
    return kept.view


async def already_answered(intake: Intake, command: AcceptUpload) -> MediaView | None:
    """Give the answer that this upload, or its idempotency key, had before."""
    owner = command.actor.user_id
    if accepted := await intake.library.find([command.media_id], owner):
        return accepted[0].view
    upload = await intake.uploads.find(command.media_id, owner)
    if upload.refusal:
        raise from_wire(InvalidError.kind, upload.refusal)
    if command.idempotency is None:
        return None
    made = await intake.uploads.replayed(owner, command.idempotency)
    if made is None:
        return None
    await discard(intake.store, names.incoming_key(command.media_id))
    return made.view


async def order_for(intake: Intake, command: AcceptUpload) -> Order:
    """Say what to look for; a mask takes its size from an image of the same owner."""
    mask = MaskOrder()
    if command.kind == "mask":
        options = command.mask or MaskOptions()
        mask = MaskOrder(
            channel=options.channel,
            invert=options.invert,
            feather=options.feather,
            smooth=options.smooth,
            allow_empty=options.allow_empty,
            size=await size_of_image(intake, command, options),
        )
    return Order(command.kind, intake.limits.bounds, mask)


async def size_of_image(
    intake: Intake, command: AcceptUpload, options: MaskOptions
) -> tuple[int, int] | None:
    if options.image_id is None:
        return None
    found = await intake.library.find([options.image_id], command.actor.user_id)
    view = found[0].view if found else None
    if view is None or view.kind != "image" or not view.width or not view.height:
        message = "The mask belongs to an image that does not exist."
        raise InvalidError(
            message, errors=[FieldError(path="image_id", code="unknown_media", message=message)]
        )
    return view.width, view.height


async def take_in(intake: Intake, incoming: str, copy: str, order: Order) -> Finding:
    """Copy, then inspect the copy, then replace it by what is to be kept."""
    maximum = intake.limits.max_bytes
    if await intake.store.size(incoming) > maximum:
        raise too_big(maximum)
    await intake.store.copy(incoming, copy)
    with intake.bench() as bench:
        folder = Path(bench)
        await intake.store.fetch(copy, folder / "source", maximum)
        finding = await intake.workshop.inspect(folder, order)
        if finding.is_changed:
            await intake.store.put(copy, folder / "target", finding.content_type)
    return finding


async def keep(intake: Intake, command: AcceptUpload, finding: Finding, key: str) -> Kept:
    view = MediaView(
        id=command.media_id,
        owner_id=command.actor.user_id,
        kind=command.kind,
        content_type=finding.content_type,
        filename=names.named_as(names.display_name(command.filename), finding.content_type),
        size_bytes=finding.size_bytes,
        width=finding.width,
        height=finding.height,
        duration_seconds=finding.duration_seconds,
        frames_per_second=finding.frames_per_second,
        blake3=finding.blake3,
        created_at=intake.clock(),
        source_content_type=finding.source_content_type,
        source_size_bytes=finding.source_size_bytes,
        mask=made_mask(command.mask or MaskOptions(), finding),
    )
    storage_bytes = command.actor.limits.storage_bytes
    return await intake.uploads.keep(Kept(view, key), storage_bytes, command.idempotency)


def made_mask(options: MaskOptions, finding: Finding) -> MadeMask | None:
    """What the mask was made with; None if it is none."""
    if finding.channel is None:
        return None
    return MadeMask(
        channel=finding.channel,
        invert=options.invert,
        feather=options.feather,
        smooth=options.smooth,
        blank=finding.blank,
    )


def refusal(error: RefusedError) -> InvalidError:
    problem = FieldError(path="file", code=error.code, message=error.message, params=error.params)
    return InvalidError(error.message, code="media_refused", errors=[problem])


async def discard(store: ObjectStore, *keys: str) -> None:
    """Delete objects now if the store can; else they are collected as orphans later."""
    try:
        await store.remove(keys)
    except UnavailableError as error:
        log.warning("objects_left_to_collect", keys=keys, reason=error.message)
