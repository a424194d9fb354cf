"""Cuts off clients that take or send their bytes too slowly, and so hold a place for long."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

GRACE_SECONDS = 20.0
"""Time that a client may lose in all, besides what its bytes take at the lowest rate."""


@dataclass(slots=True)
class Pace:
    """Bounds the time that is spent waiting for one client; what the store takes does not count.

    `async with pace.waiting(): …` raises TimeoutError once the client is too slow.
    """

    bytes_per_second: float
    grace_seconds: float = GRACE_SECONDS
    waited_seconds: float = 0.0
    bytes_moved: int = 0

    def waiting(self) -> "Waiting":
        return Waiting(self)

    @property
    def seconds_left(self) -> float:
        allowed = self.grace_seconds + self.bytes_moved / self.bytes_per_second
        return allowed - self.waited_seconds


@dataclass(slots=True)
class Patience:
    """Bounds each time of waiting for one client, for answers that have no end in sight."""

    seconds: float
    bytes_moved: int = 0

    def waiting(self) -> asyncio.Timeout:
        return asyncio.timeout(self.seconds)


class Waiting:
    """One time of waiting for the client."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._timeout = asyncio.timeout(max(0.0, pace.seconds_left))
        self._began = monotonic()

    async def __aenter__(self) -> Self:
        if self._pace.seconds_left <= 0:
            raise TimeoutError
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pace.waited_seconds += monotonic() - self._began
        await self._timeout.__aexit__(kind, error, trace)
