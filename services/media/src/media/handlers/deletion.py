"""Deletes media on request or by age, and objects that no row names.

One transaction deletes the rows; the objects are deleted after it, later if the store is down.
"""

from contextlib import suppress
from datetime import timedelta

import structlog

from contracts.access import Actor
from contracts.errors import NotFoundError, UnavailableError
from contracts.media.library import DeleteMedia
from contracts.message import Accepted
from contracts.scheduler.job_events import JobDeleted
from media.domain.names import PREFIXES
from media.ports import ObjectStore
from media.service import Media

log = structlog.get_logger()

BATCH = 200
ORPHAN_AGE = timedelta(hours=24)
"""Longer than any URL or grant is valid, so no upload in progress is deleted."""


async def delete_media(media: Media, command: DeleteMedia) -> Accepted:
    """Delete a media for good, and its objects at once or when the store is back."""
    owner_id = command.actor.user_id
    keys = await media.deletions.delete(command.media_id, owner_id, media.clock(), "asked")
    try:
        await delete_objects(media, keys)
    except UnavailableError as error:
        log.warning("objects_left_to_sweep", keys=keys, reason=error.message)
    return Accepted()


async def delete_results(media: Media, event: JobDeleted) -> None:
    """Delete everything that the deleted job made; a repetition finds less to delete."""
    job_id, owner_id = event.job_id, event.owner_id
    for media_id in await media.deletions.close_job(job_id, owner_id, media.clock()):
        command = DeleteMedia(actor=Actor(user_id=owner_id), media_id=media_id)
        with suppress(NotFoundError):  # its owner deleted it first
            await delete_media(media, command)


async def delete_expired(media: Media) -> None:
    """Delete media that expired, and objects that the store could not delete before."""
    now = await media.deletion_time()
    while expired := await media.deletions.expired(now, media.retention, BATCH):
        for media_id, owner_id in expired:
            try:
                await media.deletions.delete(media_id, owner_id, media.clock(), "expired")
            except NotFoundError:
                continue  # its owner, or another replica, deleted it first
        log.info("media_expired", media=len(expired))
    while keys := await media.deletions.waiting_keys(media.clock(), BATCH):
        await delete_objects(media, keys)


async def delete_objects(media: Media, keys: list[str]) -> None:
    await media.store.remove(keys)
    await media.deletions.confirm(keys)


async def delete_orphans(media: Media) -> None:
    """Delete unused rows, then objects that no row names, once they are a day old."""
    before = await media.deletion_time() - ORPHAN_AGE
    await media.deletions.delete_unused_rows(before)
    deleted = 0
    for prefix in PREFIXES:
        async for keys in media.store.older(prefix, before):
            orphans = await media.deletions.unreferenced(keys)
            await media.store.remove(orphans)
            deleted += len(orphans)
    if deleted:
        log.info("orphans_deleted", objects=deleted)


async def delete_scratch(media: Media) -> None:
    """Delete the scratch folders that killed processes left."""
    if deleted := await media.delete_left_over():
        log.info("scratch_deleted", folders=deleted)


async def discard(store: ObjectStore, *keys: str) -> None:
    """Delete objects that no row names; if the store is down, `delete_orphans` does it."""
    try:
        await store.remove(keys)
    except UnavailableError as error:
        log.warning("objects_left_to_collect", keys=keys, reason=error.message)
