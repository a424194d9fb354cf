"""Makes a ZIP file while it is sent: nothing of it is kept, whatever its size.

Contents are stored uncompressed, since pictures and videos are compressed already. zipstream-ng
would do the rest, but gives each streamed entry the time of the download instead of its own.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

EARLIEST = 1980
"""The first year that a ZIP file can express."""


class Sink:
    """Collects the bytes that ZipFile writes until they are taken. It cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class Zipper:
    """Turns names and chunks into the bytes of a ZIP file as soon as they are known."""

    def __init__(self) -> None:
        self._sink = Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_STORED)
        self._file: IO[bytes] | None = None

    def begin(self, name: str, made_at: datetime) -> bytes:
        """End the current file and begin another."""
        self._end_file()
        when = made_at.timetuple()[:6] if made_at.year >= EARLIEST else (EARLIEST, 1, 1, 0, 0, 0)
        self._file = self._zip.open(ZipInfo(name, when), "w", force_zip64=True)
        return self._sink.taken()

    def write(self, chunk: bytes) -> bytes:
        if self._file:
            self._file.write(chunk)
        return self._sink.taken()

    def end(self) -> bytes:
        """Return the directory of the ZIP file. Must be called, even if nobody reads it."""
        self._end_file()
        self._zip.close()
        return self._sink.taken()

    def _end_file(self) -> None:
        if self._file:
            self._file.close()


def unique_names(names: Iterable[str]) -> list[str]:
    """Return plain names, each once: `a.png`, `a (2).png`; letter case makes no difference."""
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        plain = PurePosixPath(name.replace("\\", "/")).name.lstrip(".") or "file"
        path, number = PurePosixPath(plain), 1
        while plain.casefold() in taken:
            number += 1
            plain = f"{path.stem} ({number}){path.suffix}"
        taken.add(plain.casefold())
        found.append(plain)
    return found
