"""Remembers ids for a while."""

from collections.abc import Callable
from time import monotonic
from uuid import UUID

from cachetools import TTLCache

MAX_REMEMBERED = 10_000


def id_memory(
    seconds: float, clock: Callable[[], float] = monotonic, max_ids: int = MAX_REMEMBERED
) -> TTLCache[UUID, None]:
    """Return a memory that forgets each id some seconds after it was last added."""
    return TTLCache[UUID, None](max_ids, seconds, timer=clock)
