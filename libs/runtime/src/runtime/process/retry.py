"""What a process needs may start after it: try until it is there, or time is up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.1


async def patiently(
    attempt: Callable[[], Awaitable[T]],
    *,
    awaited: str,
    errors: tuple[type[Exception], ...],
    within: float = PATIENCE_SECONDS,
) -> T:
    """Return what the first attempt without one of `errors` returns; raise the last one's."""
    deadline = asyncio.get_running_loop().time() + within
    is_told = False
    while True:
        try:
            return await attempt()
        except errors as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise
            if not is_told:
                log.info("awaited", what=awaited, reason=str(error) or repr(error))
            is_told = True
        await asyncio.sleep(LOOK_SECONDS)
