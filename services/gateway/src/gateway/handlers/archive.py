"""Many media as one ZIP file, streamed out of the store."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from contracts.access import Actor
from contracts.errors import FieldError, InvalidError
from contracts.media.files import FindMedia, LocateContent, MediaView
from gateway.domain.zipping import Zipper, unique_names
from gateway.ports import ObjectStore, Owners

AT_ONCE = 50
"""So many views with all their labels fit into one message."""


async def find_all(
    owners: Owners, actor: Actor, media_ids: Sequence[UUID], max_bytes: int
) -> list[MediaView]:
    """The media in the order asked, each once. Raises Invalid naming those that are not there."""
    wanted = list(dict.fromkeys(media_ids))
    found: list[MediaView] = []
    for at in range(0, len(wanted), AT_ONCE):
        query = FindMedia(actor=actor, media_ids=wanted[at : at + AT_ONCE])
        found += (await owners.call(query)).items
    if missing := set(wanted) - {view.id for view in found}:
        message = "there is no such media"
        problems = [
            FieldError(path=f"media_ids.{n}", code="unknown_media", message=message)
            for n, media_id in enumerate(media_ids)
            if media_id in missing
        ]
        raise InvalidError(message, errors=problems[:100])
    if sum(view.size_bytes for view in found) > max_bytes:
        message = f"expected at most {max_bytes} bytes in all"
        problem = FieldError(path="media_ids", code="too_big", message=message)
        raise InvalidError(message, errors=[problem])
    return found


async def zip_of(
    owners: Owners, store: ObjectStore, actor: Actor, media: Sequence[MediaView]
) -> AsyncIterator[bytes]:
    """The bytes of the ZIP file. A failure ends it early, which readers notice."""
    zipper = Zipper()
    names = unique_names(view.filename or str(view.id) for view in media)
    try:
        for view, name in zip(media, names, strict=True):
            # Each URL when it is needed: a long download outlives the first ones.
            located = await owners.call(LocateContent(actor=actor, media_id=view.id))
            yield zipper.begin(name, view.created_at)
            async with store.open(located.url, {}) as stored:
                async for chunk in stored.chunks:
                    yield zipper.write(chunk)
        yield zipper.end()
    finally:
        zipper.end()
