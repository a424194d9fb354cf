"""Media as their owners see them, and where to get the bytes."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from contracts.errors import NotFoundError
from contracts.media.files import (
    ContentView,
    FindMedia,
    LocateContent,
    MediaList,
    MediaView,
    Rendition,
)
from media.domain.inspection import choose_size
from media.domain.records import Kept, Thumbnail
from media.handlers.preparing import Darkroom, prepare_once
from media.ports import Library, Links, ObjectStore

READ_LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Counter:
    """All that handing out content needs."""

    library: Library
    links: Links
    store: ObjectStore
    room: Darkroom


async def find_media(library: Library, query: FindMedia) -> MediaList:
    """Show the actor's own of the media asked for, in that order."""
    found = await library.find(query.media_ids, query.actor.user_id)
    return MediaList(items=[kept.view for kept in found])


async def locate_content(counter: Counter, query: LocateContent) -> ContentView:
    """Say where the bytes of one medium lie, to its owner or to who proved the right to it."""
    kept = await counter.library.get(query.media_id)
    if kept is None or (query.actor and query.actor.user_id != kept.view.owner_id):
        raise NotFoundError(f"there is no medium {query.media_id}")
    if query.link_id:
        now = counter.room.clock()
        if not await counter.links.opens(query.link_id, query.media_id, now):
            raise NotFoundError("the link is over", code="link_over")
    if query.width is None:
        return located(counter.store, kept.view, kept.key)
    thumbnail = await thumbnail_of(counter.room, kept, query.width)
    return located(counter.store, kept.view, thumbnail.key, thumbnail)


async def thumbnail_of(room: Darkroom, kept: Kept, width: int) -> Thumbnail:
    """Find a thumbnail; whoever comes before it was made waits for it."""
    owner_id, blake3 = kept.view.owner_id, kept.view.blake3
    made = await room.previews.thumbnails(owner_id, blake3)
    if not made and (waiting := await room.previews.waiting(owner_id, blake3)):
        await prepare_once(room, waiting)
        made = await room.previews.thumbnails(owner_id, blake3)
    size = choose_size(list(made), width)
    if size is None:
        raise NotFoundError("there is no thumbnail of this", code="no_thumbnail")
    return made[size]


def located(
    store: ObjectStore, view: MediaView, key: str, thumbnail: Thumbnail | None = None
) -> ContentView:
    content_type = thumbnail.content_type if thumbnail else view.content_type
    headers = answer_headers(view, content_type)
    return ContentView(
        media=view,
        url=store.download_url(key, READ_LIFETIME),
        public_url=store.public_download_url(key, READ_LIFETIME, headers),
        rendition=Rendition(
            width=thumbnail.width,
            content_type=thumbnail.content_type,
            size_bytes=thumbnail.size_bytes,
            blake3=thumbnail.digest,
        )
        if thumbnail
        else None,
    )


def answer_headers(view: MediaView, content_type: str) -> dict[str, str]:
    """What a public store is to answer with; it knows types only as it was told at upload."""
    name = quote(view.filename or str(view.id), safe="")
    shown = content_type.startswith(("image/", "video/", "audio/"))
    place = "inline" if shown else "attachment"
    return {
        "response-content-type": content_type,
        "response-content-disposition": f"{place}; filename*=UTF-8''{name}",
        "response-cache-control": "private, max-age=3600",
    }
