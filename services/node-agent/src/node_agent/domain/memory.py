"""Ids remembered for a while, and never too many of them."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class Memory(Generic[K]):
    """Forgets an entry `seconds` after it was last added; the oldest first when full."""

    seconds: float
    most: int = 10_000
    _at: dict[K, float] = field(default_factory=dict[K, float])

    def add(self, key: K, now: float) -> None:
        self._at.pop(key, None)
        self._at[key] = now
        while self._at and (len(self._at) > self.most or self.is_old(next(iter(self._at)), now)):
            del self._at[next(iter(self._at))]

    def has(self, key: K, now: float) -> bool:
        return key in self._at and not self.is_old(key, now)

    def is_old(self, key: K, now: float) -> bool:
        return now - self._at[key] > self.seconds

    def clear(self) -> None:
        self._at.clear()
