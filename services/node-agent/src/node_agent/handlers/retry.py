"""Repeats calls to services and stores that are away."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from contracts.errors import OperationError, UnavailableError

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


async def retried(
    work: Callable[[], Awaitable[T]],
    *,
    within: float | None,
    also: type[OperationError] = UnavailableError,
) -> T:
    """Repeat after Unavailable, and `also`, until `within` seconds are over; None: no limit."""
    caller = stamina.AsyncRetryingCaller(
        attempts=None,
        timeout=within,
        wait_initial=FIRST_PAUSE,
        wait_max=LONGEST_PAUSE,
        wait_jitter=0,
    )
    return await caller((UnavailableError, also), work)
