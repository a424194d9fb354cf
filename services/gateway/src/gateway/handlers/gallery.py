"""An owner's media: listed, changed, deleted, shared; and files that go straight to the store."""

from uuid import UUID

from contracts.access import Actor
from contracts.ids import new_id
from contracts.media import AcceptUpload, BeginUpload, MediaView, UploadTarget
from contracts.media_library import (
    LinkView,
    ListMedia,
    MediaPage,
    ShareMedia,
    UpdateMedia,
)
from gateway.domain.media_requests import (
    DirectUpload,
    DirectUploadForm,
    LinkRequest,
    MediaChanges,
    MediaFilters,
)
from gateway.handlers.media import INSPECTION_SECONDS, mask_options
from gateway.ports import Owners


async def list_media(owners: Owners, actor: Actor, filters: MediaFilters) -> MediaPage:
    query = ListMedia(
        actor=actor,
        kind=filters.kind,
        workflow=filters.workflow,
        label=filters.label,
        text=filters.q,
        is_favourite=filters.favourite,
        job_id=filters.job,
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
        is_favourite=changes.favourite,
        labels=changes.labels,
        filename=changes.filename,
        expires_at=changes.expires_at,
    )
    return await owners.call(command)


async def share_media(
    owners: Owners, actor: Actor, media_id: UUID, request: LinkRequest
) -> LinkView:
    command = ShareMedia(
        actor=actor, media_id=media_id, link_id=new_id(), lifetime_seconds=request.expires_in
    )
    return await owners.call(command)


async def begin_direct(
    owners: Owners, actor: Actor, request: DirectUpload
) -> tuple[UUID, UploadTarget]:
    """Where the caller may put a file by itself, and the id it will have."""
    media_id = new_id()
    command = BeginUpload(actor=actor, media_id=media_id, size_bytes=request.size, is_public=True)
    return media_id, await owners.call(command)


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
