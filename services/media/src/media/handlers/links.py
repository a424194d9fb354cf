"""Share links: whoever has one reads one medium, until it is over or revoked."""

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
from media.ports import Clock, Library, Links

MOST_LINKS = 100
"""Of one medium at one time."""


async def share_media(
    library: Library, links: Links, clock: Clock, command: ShareMedia
) -> LinkView:
    """Make a link; a repeat gives the same."""
    await check_owner(library, command.media_id, command.actor)
    now = clock()
    link = LinkView(
        id=command.link_id,
        media_id=command.media_id,
        created_at=now,
        expires_at=now + timedelta(seconds=command.lifetime_seconds),
    )
    return await links.add(link, MOST_LINKS, command.actor.user_id, command.idempotency)


async def list_links(library: Library, links: Links, clock: Clock, query: ListLinks) -> LinkList:
    """Show the links that still open."""
    await check_owner(library, query.media_id, query.actor)
    return LinkList(items=await links.of(query.media_id, clock()))


async def revoke_link(library: Library, links: Links, command: RevokeLink) -> Gone:
    """Close a link now; one that is not there is closed already."""
    await check_owner(library, command.media_id, command.actor)
    await links.drop(command.link_id, command.media_id)
    return Gone()


async def check_owner(library: Library, media_id: UUID, actor: Actor) -> None:
    if not await library.find([media_id], actor.user_id):
        raise NotFoundError(f"there is no medium {media_id}")
