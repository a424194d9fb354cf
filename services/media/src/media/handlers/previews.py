"""Makes previews of blobs: measurements, thumbnails and a placeholder.

No upload waits for a preview; a job waits some seconds for those of its videos and sounds.
"""

import asyncio
from dataclasses import replace

import structlog

from contracts.errors import UnavailableError
from contracts.values import new_id
from media.domain import names
from media.domain.inspection import BlobPreview, FileRefusedError, Thumbnail
from media.domain.kinds import VISIBLE
from media.domain.records import PreviewTask
from media.handlers.deletion import discard
from media.ports import ObjectMissingError
from media.service import Media

log = structlog.get_logger()

BATCH = 4


async def prepare_previews(media: Media) -> None:
    """Make the previews of all blobs that wait for one, some at a time."""
    while tasks := await media.previews.take_tasks(media.clock(), BATCH):
        done = await asyncio.gather(
            *(prepare_once(media, task) for task in tasks), return_exceptions=True
        )
        for task, error in zip(tasks, done, strict=True):
            # A full disk must not end the process: the task comes back later.
            if isinstance(error, UnavailableError | OSError):
                log.warning("preparation_put_off", blake3=task.blake3, reason=str(error))
            elif error:
                raise error


async def prepare_once(media: Media, task: PreviewTask) -> None:
    """Make a preview, once for all callers that wait for the same blob."""
    key = (task.owner_id, task.blake3)
    await media.preparations.run(key, lambda: prepare(media, task))


async def prepare(media: Media, task: PreviewTask) -> None:
    """Make and keep one preview, or the reason why there is none. Raises UnavailableError."""
    try:
        preview = await make_preview(media, task)
    except FileRefusedError as error:
        preview = BlobPreview(problem=error.code)
    except ObjectMissingError:
        preview = BlobPreview(problem="object_missing")
    if preview.problem:
        log.info("content_not_shown", blake3=task.blake3, problem=preview.problem)
    if not await media.previews.complete(task, preview, media.clock()):
        await discard(media.store, *(thumbnail.key for thumbnail in preview.thumbnails))


async def make_preview(media: Media, task: PreviewTask) -> BlobPreview:
    if task.content_type not in VISIBLE:
        return BlobPreview()
    # Limits on length are for uploads: a result of any length gets a preview.
    bounds = replace(media.bounds, max_video_frames=None, max_seconds=None)
    with media.scratch_folder() as folder:
        await media.store.fetch(task.key, folder / "source", media.max_upload_bytes)
        preview = await media.sandbox.preview(folder, bounds)
        if preview.source_digest != task.blake3:
            return BlobPreview(problem="digest_mismatch")
        thumbnails: list[Thumbnail] = []
        for thumbnail in preview.thumbnails:
            key = names.thumbnail_key(task.owner_id, new_id())
            await media.store.put(key, folder / thumbnail.filename, thumbnail.content_type)
            thumbnails.append(replace(thumbnail, key=key))
    return replace(preview, thumbnails=tuple(thumbnails))
