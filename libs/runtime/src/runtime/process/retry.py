"""Tries again until a server that may start later than this process is there, or time is up.

The library stamina would do it too, but logs each attempt and costs every process 0.05 s at its
start (measured).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")

TOTAL_SECONDS = 30.0
PAUSE_SECONDS = 0.1


async def retry(
    attempt: Callable[[], Awaitable[T]],
    *,
    awaited: str,
    errors: tuple[type[Exception], ...],
    within: float = TOTAL_SECONDS,
) -> T:
    """Return the result of the first attempt that raises none of `errors`.

    Logs once what is awaited; raises the error of the last attempt after `within` seconds.
    """
    deadline = asyncio.get_running_loop().time() + within
    is_logged = False
    while True:
        try:
            return await attempt()
        except errors as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise
            if not is_logged:
                log.info("awaited", what=awaited, reason=str(error) or repr(error))
            is_logged = True
        await asyncio.sleep(PAUSE_SECONDS)
