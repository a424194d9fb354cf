"""Whoever stores more than allowed runs no more jobs until there is room again.

A figure under the limit is believed for half a minute and renewed beside the job, so submitting
waits for nobody; one over the limit is asked for again before anybody is refused. What runs
meanwhile keeps its results.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from contracts.access import Actor
from contracts.errors import ForbiddenError, OperationError
from contracts.media.library import FindStorage
from gateway.ports import Owners

log = structlog.get_logger()

FRESH_SECONDS = 30.0
ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Figure:
    """What a user stored at a time."""

    stored_bytes: int
    at: float


class Quota:
    """Figures of the users seen last; `most` bounds memory."""

    def __init__(self, owners: Owners, clock: Callable[[], float], most: int = 20_000) -> None:
        self._owners = owners
        self._clock = clock
        self._most = most
        self._figures: OrderedDict[UUID, Figure] = OrderedDict()
        self._asking: dict[UUID, asyncio.Task[Figure]] = {}

    async def require(self, actor: Actor) -> None:
        """Raise Forbidden (`storage_quota`) if the caller is over the limit."""
        limit = actor.limits.storage_bytes
        figure = self._figures.get(actor.user_id)
        if figure is None or figure.stored_bytes > limit:
            figure = await asyncio.shield(self._ask(actor))
        elif self._clock() - figure.at > FRESH_SECONDS:
            self._ask(actor)
        if figure.stored_bytes > limit:
            message = (
                f"{figure.stored_bytes} bytes are stored and {limit} allowed: "
                "delete media, or ask for more room"
            )
            raise ForbiddenError(message, code="storage_quota")

    def _ask(self, actor: Actor) -> asyncio.Task[Figure]:
        """One question for each user at a time."""
        user_id = actor.user_id
        if (asking := self._asking.get(user_id)) is None:
            asking = self._asking[user_id] = asyncio.create_task(self._answer(actor))
            asking.add_done_callback(lambda _: self._asking.pop(user_id, None))
        return asking

    async def _answer(self, actor: Actor) -> Figure:
        try:
            found = await self._owners.call(FindStorage(actor=actor), within=ANSWER_SECONDS)
            stored_bytes = found.stored_bytes
        except OperationError as error:
            # media guards its own door: jobs do not stop because it is away
            log.warning("storage_unknown", user_id=str(actor.user_id), reason=error.message)
            stored_bytes = 0
        figure = Figure(stored_bytes, self._clock())
        self._figures[actor.user_id] = figure
        self._figures.move_to_end(actor.user_id)
        if len(self._figures) > self._most:
            self._figures.popitem(last=False)
        return figure
