"""Refuses jobs of users who store more than their limit, until they delete something.

A figure under the limit counts for half a minute and is renewed in the background, so submitting
waits for nobody. A figure over the limit is renewed before a job is refused. Running jobs keep
their results.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from cachetools import LRUCache

from contracts.access import Actor
from contracts.errors import ForbiddenError, OperationError
from contracts.media.library import FindStorage
from runtime.bus.client import Bus

log = structlog.get_logger()

FRESH_SECONDS = 30.0
ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Figure:
    """Bytes that a user stored at a time."""

    stored_bytes: int
    at: float


class Quota:
    """Keeps the figures of the users seen last; `most` bounds memory."""

    def __init__(self, bus: Bus, clock: Callable[[], float], most: int = 20_000) -> None:
        self._bus = bus
        self._clock = clock
        self._figures: LRUCache[UUID, Figure] = LRUCache(most)
        self._asking: dict[UUID, asyncio.Task[Figure]] = {}

    async def refuse_if_exceeded(self, actor: Actor) -> None:
        """Raise ForbiddenError (`storage_quota`) if the caller stores more than the limit."""
        limit = actor.limits.storage_bytes
        figure = self._figures.get(actor.user_id)
        if figure is None or figure.stored_bytes > limit:
            figure = await asyncio.shield(self._ask(actor))
        elif self._clock() - figure.at > FRESH_SECONDS:
            self._ask(actor)
        if figure.stored_bytes > limit:
            message = (
                f"{figure.stored_bytes} bytes are stored and {limit} allowed: "
                "delete media, or ask for a higher limit"
            )
            raise ForbiddenError(message, code="storage_quota")

    def _ask(self, actor: Actor) -> asyncio.Task[Figure]:
        """Ask for the figure; one query for each user at a time."""
        user_id = actor.user_id
        if (asking := self._asking.get(user_id)) is None:
            asking = self._asking[user_id] = asyncio.create_task(self._answer(actor))
            asking.add_done_callback(lambda _: self._asking.pop(user_id, None))
        return asking

    async def _answer(self, actor: Actor) -> Figure:
        try:
            found = await self._bus.call(FindStorage(actor=actor), within=ANSWER_SECONDS)
            stored_bytes = found.stored_bytes
        except OperationError as error:
            # media checks the limit at uploads too: jobs go on while it is away
            log.warning("storage_unknown", user_id=str(actor.user_id), reason=error.message)
            stored_bytes = 0
        figure = Figure(stored_bytes, self._clock())
        self._figures[actor.user_id] = figure
        return figure
