"""An owner's media: listed, changed, deleted, counted."""

from typing import Any

import structlog

from contracts.errors import NotFoundError, UnavailableError
from contracts.media.files import MediaView
from contracts.media.library import (
    DeleteMedia,
    FindStorage,
    Gone,
    ListMedia,
    MediaPage,
    StorageView,
    UpdateMedia,
)
from media.domain.gallery import cursor_of, place_of
from media.domain.names import display_name
from media.domain.retention import Ages
from media.ports import Clock, Gallery, ObjectStore, Removal

log = structlog.get_logger()

NEVER = "never"
AT_ONCE = 200


async def list_media(gallery: Gallery, query: ListMedia) -> MediaPage:
    """Show a page of the actor's media, newest first."""
    found = await gallery.page(query, place_of(query.cursor))
    items = found[: query.limit]
    more = len(found) > query.limit
    last = (items[-1].created_at, items[-1].id) if more else None
    return MediaPage(items=items, next_cursor=cursor_of(last) if last else None)


async def update_media(gallery: Gallery, command: UpdateMedia) -> MediaView:
    """Change what was given; the same change again changes nothing."""
    changes: dict[str, Any] = {}
    if command.is_favorite is not None:
        changes["is_favorite"] = command.is_favorite
    if command.labels is not None:
        changes["labels"] = command.labels
    if command.filename is not None:
        changes["filename"] = display_name(command.filename)
    if command.expires_at is not None:
        changes["expires_at"] = None if command.expires_at == NEVER else command.expires_at
    return await gallery.change(command.media_id, command.actor.user_id, changes)


async def delete_media(
    removal: Removal, store: ObjectStore, clock: Clock, command: DeleteMedia
) -> Gone:
    """Forget the medium for good; its bytes go at once, or when the store is back."""
    keys = await removal.remove(command.media_id, command.actor.user_id, clock(), "asked")
    try:
        await delete_objects(removal, store, keys)
    except UnavailableError as error:
        log.warning("objects_left_to_sweep", keys=keys, reason=error.message)
    return Gone()


async def delete_objects(removal: Removal, store: ObjectStore, keys: list[str]) -> None:
    await store.remove(keys)
    await removal.deleted(keys)


async def sweep(removal: Removal, store: ObjectStore, clock: Clock, ages: Ages) -> None:
    """Delete media whose time is over, and objects that the store did not delete before."""
    while expired := await removal.expired(clock(), ages, AT_ONCE):
        for media_id, owner_id in expired:
            try:
                await removal.remove(media_id, owner_id, clock(), "expired")
            except NotFoundError:
                continue  # its owner, or another replica, was faster
        log.info("media_expired", media=len(expired))
    while doomed := await removal.doomed(clock(), AT_ONCE):
        await delete_objects(removal, store, doomed)


async def find_storage(gallery: Gallery, query: FindStorage) -> StorageView:
    """Say what the actor stores."""
    stored_bytes, by_kind = await gallery.storage(query.actor.user_id)
    return StorageView(
        media_count=sum(by_kind.values()),
        stored_bytes=stored_bytes,
        limit_bytes=query.actor.limits.storage_bytes,
        media_count_by_kind=by_kind,
    )
