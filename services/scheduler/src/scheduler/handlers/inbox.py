"""What came in and was not taken yet."""

import asyncio
from contextlib import suppress

from scheduler.domain.inputs import Asked, Input

MOST_KEPT = 50_000


class Inbox:
    """Gathers inputs in order; whoever takes them finds all at once."""

    def __init__(self) -> None:
        self._items: list[Input] = []
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Input) -> None:
        """Add an input; when far too much lies here, beats are dropped: others follow."""
        if len(self._items) >= MOST_KEPT and not isinstance(item, Asked):
            return
        self._items.append(item)
        self._wake.set()

    async def take(self, most: int, *, within: float) -> list[Input]:
        """The oldest inputs; none if none come in time."""
        if not self._items:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    await self._wake.wait()
        taken, self._items = self._items[:most], self._items[most:]
        return taken
