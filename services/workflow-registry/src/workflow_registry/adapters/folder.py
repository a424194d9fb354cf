"""A folder of text files, polled: inotify does not see changes on network and bind mounts.

Only files whose time or size changed are read again. A change is taken over once two looks in a
row agree, so that a file is not read while it is being written.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import TypeAlias

import structlog

from workflow_registry.domain.files import File, Unreadable

log = structlog.get_logger()

POLL_SECONDS = 0.7
MOST_FILES = 4_000
MOST_BYTES = 1024 * 1024
SUFFIXES = (".yaml", ".yml", ".json")

Stamp: TypeAlias = tuple[int, int, int]
Stamps: TypeAlias = Mapping[str, Stamp]


class Folder:
    """The YAML and JSON files of one folder, without its subfolders."""

    def __init__(self, path: Path, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._path = path
        self._poll_seconds = poll_seconds
        self._texts: dict[str, tuple[Stamp, File]] = {}
        self.trouble: str | None = None
        """Why the folder could not be read when it was last looked at."""

    async def changes(self) -> AsyncGenerator[dict[str, File], None]:
        """Yield all files as they are now, and again each time that any of them changed.

        Nothing comes while the folder cannot be read, which is said once: a mount that is away
        for a moment must not take every workflow along.
        """
        before: Stamps | None = None
        last: Stamps | None = None
        while True:
            stamps = await self._look()
            is_settled = last is None or stamps == before
            if stamps is not None and stamps != last and is_settled:
                last = stamps
                yield await asyncio.to_thread(self._read, stamps)
            before = stamps
            await asyncio.sleep(self._poll_seconds)

    async def _look(self) -> Stamps | None:
        try:
            stamps = await asyncio.to_thread(look, self._path)
        except OSError as error:
            trouble = error.strerror or type(error).__name__
            if trouble != self.trouble:
                log.warning("folder_unreadable", folder=str(self._path), reason=trouble)
            self.trouble = trouble
            return None
        self.trouble = None
        return stamps

    def _read(self, stamps: Stamps) -> dict[str, File]:
        texts: dict[str, tuple[Stamp, File]] = {}
        for name, stamp in stamps.items():
            known = self._texts.get(name)
            if known is None or known[0] != stamp:
                known = (stamp, read_file(self._path / name))
            texts[name] = known
        self._texts = texts
        return {name: text for name, (_, text) in texts.items()}


def look(path: Path) -> Stamps:
    """Time of change, size and inode of each file, first by name if there are too many."""
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith(SUFFIXES))
    if len(names) > MOST_FILES:
        raise OSError(0, f"more than {MOST_FILES} files")
    stamps: dict[str, Stamp] = {}
    for name in names:
        try:
            status = (path / name).stat()
        except FileNotFoundError:  # removed since, or a link to nowhere
            continue
        stamps[name] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return stamps


def read_file(path: Path) -> File:
    if not path.is_file():
        return Unreadable("not a file")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            return Unreadable(f"larger than {MOST_BYTES // 1024} KiB")
        return content.decode()
    except OSError as error:
        return Unreadable(error.strerror or type(error).__name__)
    except UnicodeDecodeError:
        return Unreadable("not a text in UTF-8")
