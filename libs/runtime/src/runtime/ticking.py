"""Work that is done again and again: now, and every so many seconds."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from contracts.errors import UnavailableError

log = structlog.get_logger()


async def every(seconds: float, work: Callable[[], Awaitable[None]], *, name: str) -> None:
    """Run `work` until cancelled. While the world is not ready, the next tick tries again."""
    while True:
        try:
            await work()
        except UnavailableError as error:
            log.warning("tick_skipped", tick=name, reason=error.message)
        await asyncio.sleep(seconds)
