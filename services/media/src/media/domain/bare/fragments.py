"""Keeps some bytes of a file at their places, and makes all others zeros.

For formats whose parts name each other by places in the file, so that nothing may move.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

Order: TypeAlias = Literal["little", "big"]
ZEROS = bytes(1024**2)
MAX_NUMBERS = 2_000_000
"""A file that makes its reader read more of them takes seconds, and is made for that."""


class Fragments:
    """Collects the bytes to keep. Raises ValueError for places behind the end of the file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._view = memoryview(data)
        self._numbers = 0
        self._kept: list[tuple[int, memoryview | bytes]] = []

    def keep(self, start: int, end: int) -> None:
        if not 0 <= start <= end <= len(self.data):
            raise ValueError("the file is cut short")
        self._kept.append((start, self._view[start:end]))

    def write(self, start: int, content: bytes) -> None:
        """Put other bytes there; they go before kept ones that begin later."""
        self._kept.append((start, content))

    def number(self, at: int, size: int, order: Order = "big") -> int:
        """Read an unsigned number of `size` bytes."""
        self._numbers += 1
        if self._numbers > MAX_NUMBERS:
            raise ValueError("the file is in too many pieces")
        found = self.data[at : at + size]
        if at < 0 or len(found) < size:
            raise ValueError("the file is cut short")
        return int.from_bytes(found, order)

    def parts(self) -> Iterator[memoryview | bytes]:
        """Yield the file with zeros between what is kept."""
        end = 0
        for start, content in sorted(self._kept, key=lambda kept: kept[0]):
            while end < start:
                zeros = ZEROS[: start - end]
                yield zeros
                end += len(zeros)
            if start + len(content) > end:
                yield content[end - start :]
                end = start + len(content)
