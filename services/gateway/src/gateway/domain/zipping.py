"""A ZIP file made as it is sent: nothing of it is kept, whatever its size.

Contents are stored as they are, since pictures and videos are compressed already.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

EARLIEST = 1980
"""The first year that a ZIP file can tell."""


class Sink:
    """What ZipFile writes to: takes bytes until they are asked for. It cannot seek."""

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
    """Turns names and chunks into the bytes of a ZIP file, each as soon as it is known."""

    def __init__(self) -> None:
        self._sink = Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_STORED)
        self._file: IO[bytes] | None = None

    def begin(self, name: str, made_at: datetime) -> bytes:
        """End the file before, and begin another."""
        self._end_file()
        when = made_at.timetuple()[:6] if made_at.year >= EARLIEST else (EARLIEST, 1, 1, 0, 0, 0)
        self._file = self._zip.open(ZipInfo(name, when), "w", force_zip64=True)
        return self._sink.taken()

    def write(self, chunk: bytes) -> bytes:
        if self._file:
            self._file.write(chunk)
        return self._sink.taken()

    def end(self) -> bytes:
        """Must be called, also of a file that nobody wants any more."""
        self._end_file()
        self._zip.close()
        return self._sink.taken()

    def _end_file(self) -> None:
        if self._file:
            self._file.close()


def unique_names(names: Iterable[str]) -> list[str]:
    """Plain names, each once: `a.png`, `a (2).png`; letter case does not tell files apart."""
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
