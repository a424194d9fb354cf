"""Handles an owner's list of media, changes to one, and the storage used."""

from typing import Any

from contracts.media.files import MediaView
from contracts.media.library import FindStorage, ListMedia, MediaPage, StorageView, UpdateMedia
from media.domain.names import display_name
from media.service import Media
from runtime.cursor import read_cursor, write_cursor

NEVER = "never"


async def list_media(media: Media, query: ListMedia) -> MediaPage:
    """Return a page of the actor's media, newest first."""
    found = await media.library.page(query, read_cursor(query.cursor))
    items = found[: query.limit]
    last = items[-1] if len(found) > query.limit else None
    cursor = write_cursor((last.created_at, last.id)) if last else None
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
