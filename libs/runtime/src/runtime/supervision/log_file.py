"""Keeps the output of one child in a file that survives stops and never grows without bound."""

import logging
import os
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024
KEPT = 3
LAST_BYTES = 64 * 1024


class LogFile(RotatingFileHandler):
    """Appends bytes to `path`. At `max_bytes` it becomes `path.1`; `path.<kept>` is dropped.

    A full disk costs log lines and never stops the reader of the child's output.
    """

    terminator = ""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        # Latin-1 maps each byte to one character and back, so output of any encoding is kept.
        super().__init__(path, maxBytes=max_bytes, backupCount=kept, encoding="latin-1", delay=True)
        self.path = path

    def write(self, chunk: bytes) -> None:
        self.handle(logging.makeLogRecord({"msg": chunk.decode("latin-1")}))

    def move_aside_if_full(self) -> None:
        """Copy a full log to `path.1` and empty it: its writer, another process, goes on appending.

        Lines that come between the two steps are lost, and so is everything before the newest
        `max_bytes`.
        """
        with suppress(OSError):
            size = self.path.stat().st_size
            if size < self.maxBytes:
                return
            for number in range(self.backupCount - 1, 0, -1):
                with suppress(FileNotFoundError):
                    Path(f"{self.path}.{number}").replace(f"{self.path}.{number + 1}")
            with self.path.open("rb") as full, Path(f"{self.path}.1").open("wb") as kept:
                full.seek(size - self.maxBytes)
                kept.write(full.read(self.maxBytes))
            os.truncate(self.path, 0)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 # logging's name
        """Drop the record; the next one opens the file again."""
        with suppress(OSError):
            if stream := self.stream:
                self.stream = None
                stream.close()


def last_lines(path: Path, count: int) -> list[str]:
    """Return the newest lines of a log, or nothing if there is no log."""
    return newest(path, LAST_BYTES).decode(errors="replace").splitlines()[-count:]


def newest(path: Path, most_bytes: int) -> bytes:
    """Return the end of a log, also what was moved aside, from the beginning of a line."""
    found = b""
    for part in (path, Path(f"{path}.1")):
        with suppress(OSError), part.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most_bytes + len(found)))
            found = file.read(most_bytes) + found
        if len(found) >= most_bytes:
            return found.partition(b"\n")[2]
    return found


def last_words(path: Path) -> str:
    """Return the last line that is not empty, for an error message."""
    words = [line for line in last_lines(path, 5) if line.strip()]
    return words[-1].strip()[:300] if words else "nothing"
