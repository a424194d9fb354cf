"""Endpoints of an owner's media: list, show, change, delete, storage used, share links."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from contracts.access import Actor, Permission
from contracts.errors import NotFoundError
from contracts.media.files import FindMedia
from contracts.media.library import (
    DeleteMedia,
    FindStorage,
    ListLinks,
    ListMedia,
    RevokeLink,
    ShareMedia,
    StorageView,
    UpdateMedia,
)
from contracts.values import new_id
from gateway.http.access import Allowed
from gateway.http.answers import refusals
from gateway.http.bodies import Body
from gateway.http.headers import MaybeIdempotencyKey, mark_created
from gateway.media.requests import LinkId, LinkRequest, MediaChanges, MediaFilters, MediaId
from gateway.media.resources import Link, LinkPage, Media, MediaPage, link_resource, media_resource
from gateway.service import CurrentGateway

router = APIRouter(prefix="/v1/media", tags=["media"])

DELETION_SECONDS = 30.0


@router.get("", summary="List media, newest first")
async def list_media(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_READ)],
    filters: Annotated[MediaFilters, Query()],
) -> MediaPage:
    """All filters must match; only the caller's own media are listed."""
    page = await gateway.bus.call(ListMedia(actor=actor, **filters.__dict__))
    items = [media_resource(gateway.signer, view, actor) for view in page.items]
    return MediaPage(items=items, next_cursor=page.next_cursor)


# Must precede `/{media_id}`.
@router.get("/usage", summary="Show how much is stored")
async def get_storage_usage(
    gateway: CurrentGateway, actor: Annotated[Actor, Allowed(Permission.MEDIA_READ)]
) -> StorageView:
    """Equal bytes of one owner are stored and counted once."""
    return await gateway.bus.call(FindStorage(actor=actor))


@router.get("/{media_id}", summary="Show a media")
async def get_media(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_READ)],
    media_id: MediaId,
) -> Media:
    """The link `url` in the answer opens the content without a token for at least an hour."""
    found = await gateway.bus.call(FindMedia(actor=actor, media_ids=[media_id]))
    if not found.items:
        raise NotFoundError("there is no such media")
    return media_resource(gateway.signer, found.items[0], actor)


@router.patch("/{media_id}", summary="Change a media")
async def update_media(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_WRITE)],
    media_id: MediaId,
    changes: Body[MediaChanges],
) -> Media:
    """A field that is left out stays as it is."""
    command = UpdateMedia(actor=actor, media_id=media_id, **changes.__dict__)
    return media_resource(gateway.signer, await gateway.bus.call(command), actor)


@router.delete("/{media_id}", status_code=204, summary="Delete a media")
async def delete_media(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_WRITE)],
    media_id: MediaId,
) -> None:
    """Its bytes are deleted too, unless another of your media has the same bytes."""
    command = DeleteMedia(actor=actor, media_id=media_id)
    await gateway.bus.call(command, within=DELETION_SECONDS)


@router.post(
    "/{media_id}/links",
    status_code=201,
    summary="Make a share link",
    responses=refusals("too_many_links", "withheld"),
)
async def create_link(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_WRITE)],
    media_id: MediaId,
    wanted: Body[LinkRequest | None],
    idempotency_key: MaybeIdempotencyKey,
    answer: Response,
) -> Link:
    """Anyone with the link can read this media until the link expires or is revoked.

    Without a body the link has the default lifetime.
    """
    command = ShareMedia(
        actor=actor,
        media_id=media_id,
        link_id=new_id(),
        lifetime_seconds=(wanted or LinkRequest()).lifetime_seconds,
        idempotency=idempotency_key,
    )
    link = await gateway.bus.call(command)
    shown = link_resource(gateway.signer, link)
    is_replay = link.id != command.link_id
    mark_created(answer, shown.url, is_replay=is_replay, key=idempotency_key)
    return shown


@router.get("/{media_id}/links", summary="List the open share links")
async def list_links(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_READ)],
    media_id: MediaId,
) -> LinkPage:
    """The list is complete: `next_cursor` is always null."""
    found = await gateway.bus.call(ListLinks(actor=actor, media_id=media_id))
    return LinkPage(items=[link_resource(gateway.signer, link) for link in found.items])


@router.delete("/{media_id}/links/{link_id}", status_code=204, summary="Revoke a share link")
async def revoke_link(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.MEDIA_WRITE)],
    media_id: MediaId,
    link_id: LinkId,
) -> None:
    """Caches may serve the content for another minute."""
    await gateway.bus.call(RevokeLink(actor=actor, media_id=media_id, link_id=link_id))
