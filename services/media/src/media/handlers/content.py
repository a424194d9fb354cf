"""Media as their owners see them, and where to get the bytes."""

from datetime import timedelta

from contracts.errors import NotFoundError
from contracts.media import ContentView, FindMedia, LocateContent, MediaList
from media.ports import Library, ObjectStore

READ_LIFETIME = timedelta(minutes=15)


async def find_media(library: Library, query: FindMedia) -> MediaList:
    """Show the actor's own of the media asked for, in that order."""
    found = await library.find(query.media_ids, query.actor.user_id)
    return MediaList(items=[kept.view for kept in found])


async def locate_content(library: Library, store: ObjectStore, query: LocateContent) -> ContentView:
    """Say where the bytes of one medium lie, to its owner or to who proved the right to it."""
    kept = await library.get(query.media_id)
    if kept is None or (query.actor and query.actor.user_id != kept.view.owner_id):
        raise NotFoundError(f"there is no medium {query.media_id}")
    return ContentView(media=kept.view, url=store.download_url(kept.key, READ_LIFETIME))
