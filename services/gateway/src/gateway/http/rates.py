"""Token buckets: a number of requests per second with a reserve for bursts.

Replicas tell each other what they let through, so that a key has one limit however many replicas
it asks: a bucket may be in debt for requests that others let through meanwhile, and pays it back
before it lets anything through. So over a minute two replicas exceed the limit by what comes in
the second in which they do not know of each other.
"""

from collections import Counter
from dataclasses import dataclass

from cachetools import LRUCache

MOST_DEBT = 16
"""Bursts of so many replicas at once are paid back."""


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
        self._most = most
        self._buckets: LRUCache[str, TokenBucket] = LRUCache(most)
        self._spent = Counter[str]()

    def wait_seconds(self, key: str, now: float) -> float:
        """Take a token: return 0 if there is one, else the time until there is. Rate 0 is off."""
        if self.per_second <= 0:
            return 0.0
        bucket = self._filled(key, now)
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self.per_second
        bucket.tokens -= 1
        if key in self._spent or len(self._spent) < self._most:
            self._spent[key] += 1
        return 0.0

    def spend(self, key: str, count: int, now: float) -> None:
        """Count what another replica let through."""
        if self.per_second > 0:
            bucket = self._filled(key, now)
            bucket.tokens = max(-float(MOST_DEBT * self.burst), bucket.tokens - max(0, count))

    def take_spent(self, most: int) -> dict[str, int]:
        """Return what was let through since the last call, of so many of the busiest keys."""
        spent, self._spent = self._spent, Counter[str]()
        return dict(spent.most_common(most))

    def _filled(self, key: str, now: float) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(float(self.burst), now)
        gained = (now - bucket.at) * self.per_second
        bucket.tokens = min(float(self.burst), bucket.tokens + max(0.0, gained))
        bucket.at = now
        return bucket
