"""One piece of work for many who ask for it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Joins callers with the same key, and lets `at_once` pieces of work run.

    A caller on the bus repeats itself after two seconds; without this each repeat would copy and
    decode the same picture again.
    """

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._running: dict[Hashable, asyncio.Task[T]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` returns or raises; it goes on even if this caller is cancelled."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._when_free(work))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key))
        return await asyncio.shield(task)

    async def _when_free(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._free:
            return await work()
