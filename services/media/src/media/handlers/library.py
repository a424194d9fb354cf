"""Handles an owner's list of media, changes to one, the storage used, and share links.

The holder of a link reads one media until the link expires or is revoked.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.access import Actor
from contracts.errors import ForbiddenError, NotFoundError
from contracts.media.files import MediaView
from contracts.media.library import (
    FindStorage,
    LinkList,
    LinkView,
    ListLinks,
    ListMedia,
    MediaPage,
    RevokeLink,
    ShareMedia,
    StorageView,
    UpdateMedia,
)
from contracts.message import Accepted
from contracts.values import fitting
from media.domain.names import display_name
from media.service import Media
from runtime.cursor import PLACE, Cursors

NEVER = "never"
CURSORS = Cursors("media", PLACE)
MAX_OPEN_LINKS = 100
"""Of one media at one time."""


async def list_media(media: Media, query: ListMedia) -> MediaPage:
    """Return a page of the actor's media, newest first."""
    found = await media.library.page(query, CURSORS.read(query.cursor))
    items = fitting(found[: query.limit])
    last = items[-1] if len(found) > len(items) else None
    cursor = CURSORS.write((last.created_at, last.id)) if last else None
    return MediaPage(items=items, next_cursor=cursor)


async def update_media(media: Media, command: UpdateMedia) -> MediaView:
    """Change the fields that the command names."""
    changes: dict[str, Any] = command.model_dump(
        include={"is_favorite", "labels", "expires_at"}, exclude_none=True
    )
    if command.filename is not None:
        changes["filename"] = display_name(command.filename)
    if command.expires_at == NEVER:
        changes["expires_at"] = None
    return await media.library.change(command.media_id, command.actor.user_id, changes)


async def find_storage(media: Media, query: FindStorage) -> StorageView:
    """Return how much the actor stores."""
    stored_bytes, by_kind = await media.library.storage(query.actor.user_id)
    return StorageView(
        media_count=sum(by_kind.values()),
        stored_bytes=stored_bytes,
        limit_bytes=query.actor.limits.storage_bytes,
        media_count_by_kind=by_kind,
    )


async def share_media(media: Media, command: ShareMedia) -> LinkView:
    """Make a link; a repeat returns the same link."""
    view = await check_owner(media, command.media_id, command.actor)
    if view.is_withheld:
        text = "the file may hold the prompt and graph of its job: it cannot be shared"
        raise ForbiddenError(text, code="withheld")
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


async def revoke_link(media: Media, command: RevokeLink) -> Accepted:
    """Close a link now; a link that does not exist counts as closed."""
    await check_owner(media, command.media_id, command.actor)
    await media.library.remove_link(command.link_id, command.media_id)
    return Accepted()


async def check_owner(media: Media, media_id: UUID, actor: Actor) -> MediaView:
    """Return the media. Raises NotFoundError unless the actor owns it."""
    found = await media.library.find([media_id], actor.user_id)
    if not found:
        raise NotFoundError(f"there is no media {media_id}")
    return found[0].view
