"""Handles queries for media and for the URLs of their bytes."""

from dataclasses import asdict
from datetime import timedelta

from contracts.access import Permission
from contracts.content_types import content_disposition, content_type_header
from contracts.errors import ForbiddenError, NotFoundError
from contracts.media.files import (
    ContentView,
    FindMedia,
    LocateContent,
    MediaList,
    MediaView,
    Rendition,
)
from contracts.values import fitting
from media.domain.inspection import Thumbnail, choose_size
from media.domain.records import StoredMedia
from media.handlers.previews import prepare_once
from media.service import Media

READ_LIFETIME = timedelta(minutes=15)
WITHHELD = (
    "the file may hold the prompt and graph of its job and could not be freed of them: it needs "
    "the permission graphs:read"
)


async def find_media(media: Media, query: FindMedia) -> MediaList:
    """Return those of the media that the actor owns, in the order of the query."""
    found = await media.library.find(query.media_ids, query.actor.user_id)
    items = fitting(stored.view for stored in found)
    return MediaList(items=items, left=[stored.view.id for stored in found[len(items) :]])


async def locate_content(media: Media, query: LocateContent) -> ContentView:
    """Return URLs of a media's bytes to its owner or to the holder of a link."""
    stored = await media.library.get(query.media_id)
    if stored is None or (query.actor and query.actor.user_id != stored.view.owner_id):
        raise NotFoundError(f"there is no media {query.media_id}")
    if query.link_id and not await media.library.is_link_open(
        query.link_id, query.media_id, media.clock()
    ):
        raise ForbiddenError("the link has expired or was revoked", code="link_expired")
    if query.width is None:
        check_withheld(stored.view, query)
        return content_view(media, stored, query)
    return content_view(media, stored, query, await find_thumbnail(media, stored, query.width))


def check_withheld(view: MediaView, query: LocateContent) -> None:
    """Raise ForbiddenError if the reader must not see the graph that may be in the content.

    The gateway signs a URL only for a reader who may; a share link is for anybody.
    """
    may_read = query.actor.may(Permission.GRAPHS_READ) if query.actor else not query.link_id
    if view.is_withheld and not may_read:
        raise ForbiddenError(WITHHELD, code="withheld")


async def find_thumbnail(media: Media, stored: StoredMedia, width: int) -> Thumbnail:
    """Return a thumbnail, made now if there is none yet."""
    content = stored.view.owner_id, stored.view.blake3
    thumbnails = await media.previews.thumbnails(*content)
    if not thumbnails and (task := await media.previews.find_task(*content)):
        await prepare_once(media, task)
        thumbnails = await media.previews.thumbnails(*content)
    size = choose_size(list(thumbnails), width)
    if size is None:
        raise NotFoundError("there is no thumbnail of this", code="no_thumbnail")
    return thumbnails[size]


def content_view(
    media: Media, stored: StoredMedia, query: LocateContent, thumbnail: Thumbnail | None = None
) -> ContentView:
    view, content, key = stored.view, thumbnail or stored.view, (thumbnail or stored).key
    headers = answer_headers(view, content.content_type, is_download=query.is_download)
    return ContentView(
        media=view,
        url=media.store.download_url(key, READ_LIFETIME),
        public_url=media.store.public_download_url(key, READ_LIFETIME, headers),
        rendition=thumbnail and Rendition(**asdict(thumbnail), blake3=thumbnail.digest),
    )


def answer_headers(view: MediaView, content_type: str, *, is_download: bool) -> dict[str, str]:
    """Return the headers of a public store's answer; it knows only the type of the upload."""
    filename = view.filename or str(view.id)
    return {
        "response-content-type": content_type_header(content_type),
        "response-content-disposition": content_disposition(
            content_type, filename, is_download=is_download
        ),
        "response-cache-control": "private, max-age=3600",
    }
