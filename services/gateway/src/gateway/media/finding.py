"""Finds media by id, in as many queries as their answers need."""

from collections.abc import Sequence
from uuid import UUID

from contracts.access import Actor
from contracts.media.files import FindMedia, MediaView
from runtime.bus.client import Bus

MAX_IDS = 100


async def find_media(bus: Bus, actor: Actor, media_ids: Sequence[UUID]) -> list[MediaView]:
    """Return the media that exist, in the order of the ids; each id is given once."""
    found: list[MediaView] = []
    left = list(media_ids)
    while left:
        answer = await bus.call(FindMedia(actor=actor, media_ids=left[:MAX_IDS]))
        found += answer.items
        left = answer.left + left[MAX_IDS:]
    return found
