"""An owner's media: listed, changed, deleted, shared; and files that go straight to the store."""

from uuid import UUID

from contracts.access import Actor, IdempotencyKey
from contracts.media.files import AcceptUpload, BeginUpload, MediaView
from contracts.media.library import (
    LinkView,
    ListMedia,
    MediaPage,
    ShareMedia,
    UpdateMedia,
)
from contracts.values import new_id
from gateway.domain.media_requests import (
    DirectUpload,
    DirectUploadForm,
    LinkRequest,
    MediaChanges,
    MediaFilters,
)
from gateway.domain.resources import UploadPlace
from gateway.handlers.media import INSPECTION_SECONDS, mask_options
from gateway.ports import Owners


async def list_media(owners: Owners, actor: Actor, filters: MediaFilters) -> MediaPage:
    query = ListMedia(
        actor=actor,
        kind=filters.kind,
        workflow=filters.workflow,
        label=filters.label,
        text=filters.text,
        is_favorite=filters.is_favorite,
        job_id=filters.job_id,
        limit=filters.limit,
        cursor=filters.cursor,
    )
    return await owners.call(query)


async def change_media(
    owners: Owners, actor: Actor, media_id: UUID, changes: MediaChanges
) -> MediaView:
    command = UpdateMedia(
        actor=actor,
        media_id=media_id,
        is_favorite=changes.is_favorite,
        labels=changes.labels,
        filename=changes.filename,
        expires_at=changes.expires_at,
    )
    return await owners.call(command)


async def share_media(
    owners: Owners,
    actor: Actor,
    media_id: UUID,
    request: LinkRequest,
    idempotency: IdempotencyKey | None,
) -> tuple[LinkView, bool]:
    """Make a link; also whether it was a repeat."""
    command = ShareMedia(
        actor=actor,
        media_id=media_id,
        link_id=new_id(),
        lifetime_seconds=request.lifetime_seconds,
        idempotency=idempotency,
    )
    link = await owners.call(command)
    return link, link.id != command.link_id


async def begin_direct(
    owners: Owners, actor: Actor, request: DirectUpload, idempotency: IdempotencyKey | None
) -> tuple[UploadPlace, bool]:
    """Where the caller may put a file by itself; also whether it was a repeat."""
    command = BeginUpload(
        actor=actor,
        media_id=new_id(),
        size_bytes=request.size_bytes,
        is_public=True,
        idempotency=idempotency,
    )
    target = await owners.call(command)
    media_id = target.media_id or command.media_id
    place = UploadPlace(
        media_id=media_id, url=target.url, headers=target.headers, expires_at=target.expires_at
    )
    return place, media_id != command.media_id


async def accept_direct(
    owners: Owners, actor: Actor, media_id: UUID, form: DirectUploadForm
) -> MediaView:
    """Have what was put inspected and kept; a repeat gets the same answer."""
    command = AcceptUpload.model_validate(
        {
            "actor": actor,
            "media_id": media_id,
            "kind": form.kind,
            "filename": form.filename,
            "mask": mask_options(form),
        }
    )
    return await owners.call(command, within=INSPECTION_SECONDS)
