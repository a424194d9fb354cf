"""Repeats calls to services and stores that are away."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from contracts.errors import UnavailableError

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


async def retried(work: Callable[[], Awaitable[T]], *, within: float | None) -> T:
    """Repeat after UnavailableError until `within` seconds are over; None: without limit."""
    caller = stamina.AsyncRetryingCaller(
        attempts=None,
        timeout=within,
        wait_initial=FIRST_PAUSE,
        wait_max=LONGEST_PAUSE,
        wait_jitter=0,
    )
    return await caller(UnavailableError, work)
