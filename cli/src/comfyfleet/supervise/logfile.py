"""What a child says, in a file that is kept over stops and never grows without bound."""

from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 10 * 1024 * 1024
KEPT = 3


class LogFile:
    """Appends to `path`; at `max_bytes` it becomes `path.1`, and `path.<kept>` is dropped.

    A full disk loses log lines and never the process that speaks: the supervisor reads on.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._file: BinaryIO | None = None

    def write(self, chunk: bytes) -> None:
        try:
            file = self._opened()
            if file.tell() + len(chunk) > self._max_bytes and file.tell():
                self._rotate()
                file = self._opened()
            file.write(chunk)
        except OSError:
            self.close()

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
        return self._file

    def _rotate(self) -> None:
        self.close()
        for number in range(self._kept - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self.path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def last_lines(path: Path, count: int, *, within_bytes: int = 64 * 1024) -> list[str]:
    """The newest lines of a log, or nothing if there is none."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - within_bytes))
        return file.read().decode(errors="replace").splitlines()[-count:]
