"""Helps `ZipFile` to write a file that is sent meanwhile, so nothing of it is kept.

zipstream-ng would do the same, but gives each entry the time of the download instead of its own.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZipInfo

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


def entry(name: str, made_at: datetime) -> ZipInfo:
    """Return an entry whose end a reader finds without the directory at the end of the file.

    The size is told behind the bytes. A reader of a stream finds that place only in a deflated
    entry, so bytes are "deflated" with level 0, which copies them.
    """
    when = made_at.timetuple()[:6] if made_at.year >= EARLIEST else (EARLIEST, 1, 1, 0, 0, 0)
    found = ZipInfo(name, when)
    found.compress_type = ZIP_DEFLATED
    found._compresslevel = 0  # noqa: SLF001  # pyright: ignore[reportAttributeAccessIssue]  no public name before Python 3.13
    return found


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
