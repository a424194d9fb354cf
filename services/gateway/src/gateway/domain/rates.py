"""Token buckets: so many requests a second, with a reserve for bursts (per replica)."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    tokens: float
    at: float


class Rates:
    """One bucket for each key; the keys unused for longest are forgotten first.

    A forgotten key starts full again, so `most` bounds memory and not fairness.
    """

    def __init__(self, per_second: float, burst: int, most: int = 20_000) -> None:
        self.per_second = per_second
        self.burst = burst
        self._most = most
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def wait_seconds(self, key: Hashable, now: float) -> float:
        """Take a token: 0 if there was one, else how long until there is. A rate of 0 is off."""
        if self.per_second <= 0:
            return 0.0
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(float(self.burst), now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        gained = (now - bucket.at) * self.per_second
        bucket.tokens = min(float(self.burst), bucket.tokens + max(0.0, gained))
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self.per_second
        bucket.tokens -= 1
        return 0.0
