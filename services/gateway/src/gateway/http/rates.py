"""Token buckets: a number of requests per second with a reserve for bursts, per replica."""

from collections.abc import Hashable
from dataclasses import dataclass

from cachetools import LRUCache


@dataclass(slots=True)
class TokenBucket:
    tokens: float
    at: float


class Rates:
    """One bucket for each key; the least recently used keys are dropped first.

    A dropped key starts full again, so `most` bounds memory and not fairness.
    """

    def __init__(self, per_second: float, burst: int, most: int = 20_000) -> None:
        self.per_second = per_second
        self.burst = burst
        self._buckets: LRUCache[Hashable, TokenBucket] = LRUCache(most)

    def wait_seconds(self, key: Hashable, now: float) -> float:
        """Take a token: return 0 if there is one, else the time until there is. Rate 0 is off."""
        if self.per_second <= 0:
            return 0.0
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(float(self.burst), now)
        gained = (now - bucket.at) * self.per_second
        bucket.tokens = min(float(self.burst), bucket.tokens + max(0.0, gained))
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self.per_second
        bucket.tokens -= 1
        return 0.0
