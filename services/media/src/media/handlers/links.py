"""Handles share links: the holder of one reads one media until the link expires or is revoked."""

from datetime import timedelta
from uuid import UUID

from contracts.access import Actor
from contracts.errors import NotFoundError
from contracts.media.library import (
    Gone,
    LinkList,
    LinkView,
    ListLinks,
    RevokeLink,
    ShareMedia,
)
from media.service import Media

MAX_OPEN_LINKS = 100
"""Of one media at one time."""


async def share_media(media: Media, command: ShareMedia) -> LinkView:
    """Make a link; a repeat returns the same link."""
    await check_owner(media, command.media_id, command.actor)
    now = media.clock()
    link = LinkView(
        id=command.link_id,
        media_id=command.media_id,
        created_at=now,
        expires_at=now + timedelta(seconds=command.lifetime_seconds),
    )
    owner_id = command.actor.user_id
    return await media.library.add_link(link, MAX_OPEN_LINKS, owner_id, command.idempotency)


async def list_links(media: Media, query: ListLinks) -> LinkList:
    """Return the links that still open."""
    await check_owner(media, query.media_id, query.actor)
    return LinkList(items=await media.library.open_links(query.media_id, media.clock()))


async def revoke_link(media: Media, command: RevokeLink) -> Gone:
    """Close a link now; a link that does not exist counts as closed."""
    await check_owner(media, command.media_id, command.actor)
    await media.library.remove_link(command.link_id, command.media_id)
    return Gone()


async def check_owner(media: Media, media_id: UUID, actor: Actor) -> None:
    if not await media.library.find([media_id], actor.user_id):
        raise NotFoundError(f"there is no media {media_id}")
