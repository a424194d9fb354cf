"""Looking into contents once they are kept: thumbnails and a placeholder, off the path of all."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from contracts.errors import UnavailableError
from contracts.values import new_id
from media.domain import names
from media.domain.bare import REMUXED
from media.domain.inspection import Look, RefusedError
from media.domain.records import Prepared, Thumbnail, Unprepared
from media.domain.sniff import RASTER
from media.handlers.once import Once
from media.handlers.uploads import UploadLimits, discard
from media.ports import Bench, Clock, ObjectMissingError, ObjectStore, Previews, Workshop

log = structlog.get_logger()

AT_ONCE = 4
SHOWN = RASTER | REMUXED.keys()
"""Types that have something to show."""
ANY_LENGTH = {"max_film_frames": None, "max_seconds": None}
"""Limits are for what users send: a result is shown whatever its length."""


@dataclass(frozen=True, slots=True)
class Darkroom:
    """All that looking into contents needs."""

    previews: Previews
    store: ObjectStore
    workshop: Workshop
    bench: Bench
    clock: Clock
    limits: UploadLimits
    once: Once[None]


async def prepare_waiting(room: Darkroom) -> None:
    """Look into all contents that wait, some at a time."""
    while contents := await room.previews.claim(room.clock(), AT_ONCE):
        done = await asyncio.gather(
            *(prepare_once(room, content) for content in contents), return_exceptions=True
        )
        for content, error in zip(contents, done, strict=True):
            # A full disk ends no process that others need: the content's turn comes again.
            if isinstance(error, UnavailableError | OSError):
                log.warning("preparation_put_off", blake3=content.blake3, reason=str(error))
            elif error:
                raise error


async def prepare_once(room: Darkroom, content: Unprepared) -> None:
    """Join those who want the same content prepared."""
    await room.once.run((content.owner_id, content.blake3), lambda: prepare(room, content))


async def prepare(room: Darkroom, content: Unprepared) -> None:
    """Look into one content and keep what was seen, be it nothing. Raises Unavailable."""
    try:
        seen = await look(room, content)
    except RefusedError as error:
        seen = Prepared(problem=error.code)
    except ObjectMissingError:
        seen = Prepared(problem="object_missing")
    if seen.problem:
        log.info("content_not_shown", blake3=content.blake3, problem=seen.problem)
    if not await room.previews.tell(content, seen, room.clock()):
        await discard(room.store, *(thumbnail.key for thumbnail in seen.thumbnails))


async def look(room: Darkroom, content: Unprepared) -> Prepared:
    if content.content_type not in SHOWN:
        return Prepared()
    limits = room.limits
    with room.bench() as bench:
        folder = Path(bench)
        await room.store.fetch(content.key, folder / "source", limits.max_bytes)
        seen = await room.workshop.look(folder, replace(limits.bounds, **ANY_LENGTH))
        if seen.blake3 != content.blake3:
            return Prepared(problem="digest_mismatch")
        thumbnails = await put_thumbnails(room.store, content, seen, folder)
    return Prepared(
        seen.frames,
        seen.width,
        seen.height,
        seen.duration_seconds,
        seen.frames_per_second,
        seen.placeholder,
        thumbnails,
    )


async def put_thumbnails(
    store: ObjectStore, content: Unprepared, seen: Look, folder: Path
) -> tuple[Thumbnail, ...]:
    made: list[Thumbnail] = []
    for small in seen.thumbnails:
        key = names.rendition_key(content.owner_id, new_id())
        await store.put(key, folder / small.filename, small.content_type)
        made.append(Thumbnail(small.width, key, small.content_type, small.size_bytes, small.blake3))
    return tuple(made)
