"""Notices that the gateway is overloaded, and refuses a share of the requests at once.

A process is overloaded when its loop lags: callbacks wait behind others. A refusal costs a tenth of
what a request does, so the lag goes away while a part of the requests is still served. What waits
for other services costs no lag, but memory: the number of requests is bounded too.
"""

import asyncio
from time import monotonic

TICK_SECONDS = 0.25
BEARABLE_SECONDS = 0.5
WORST_SECONDS = 1.5
MOST_SHARE = 0.9
"""Somebody gets through, however bad it is."""
RETRY_SECONDS = 2


class Overload:
    """Watches the loop, and decides about each new request."""

    def __init__(self, most_requests: int) -> None:
        self.requests = 0
        """Requests that have no answer yet."""
        self._most_requests = most_requests
        self._lags = (0.0, 0.0)
        self._due = 0.0

    async def watch(self) -> None:
        """Measure the lag until canceled."""
        while True:
            began = monotonic()
            await asyncio.sleep(TICK_SECONDS)
            self.note_lag(monotonic() - began - TICK_SECONDS)

    def note_lag(self, seconds: float) -> None:
        """Take a measurement. One long lag alone is a pause, and over when it is noticed."""
        self._lags = (self._lags[1], seconds)

    @property
    def share(self) -> float:
        """Return the share of the requests to refuse."""
        excess = min(self._lags) - BEARABLE_SECONDS
        return max(0.0, min(MOST_SHARE, excess / (WORST_SECONDS - BEARABLE_SECONDS)))

    def refuses(self) -> bool:
        """Decide about the next request: refusals are spread evenly."""
        if self.requests >= self._most_requests:
            return True
        self._due += self.share
        if self._due < 1:
            return False
        self._due -= 1
        return True
