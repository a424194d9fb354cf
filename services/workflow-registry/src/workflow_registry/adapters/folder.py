"""Polls a folder of text files: inotify does not see changes on network and bind mounts.

Only files whose time or size changed are read again. A change of a file counts once two polls in a
row agree about the file, so that it is not read while it is being written.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import TypeAlias

import structlog

from workflow_registry.domain.files import File, Unreadable, Unsettled

log = structlog.get_logger()

POLL_SECONDS = 0.7
SETTLE_SECONDS = 0.4
"""Between two polls while something changes."""
MAX_FILES = 4_000
MAX_BYTES = 1024 * 1024
SUFFIXES = (".yaml", ".yml", ".json")

Stamp: TypeAlias = tuple[int, int, int]
Stamps: TypeAlias = Mapping[str, Stamp]


class Folder:
    """The YAML and JSON files of one folder, without its subfolders."""

    def __init__(
        self,
        path: Path,
        *,
        poll_seconds: float = POLL_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._path = path
        self._poll_seconds = poll_seconds
        self._settle_seconds = settle_seconds
        self._texts: dict[str, tuple[Stamp, File]] = {}
        self.trouble: str | None = None
        """Why the last poll could not read the folder."""

    async def changes(self) -> AsyncGenerator[dict[str, File], None]:
        """Yield all files as they are now, and again each time that the change of one settled.

        Other files that are changing at that moment are `Unsettled`. While the folder cannot be
        read, nothing is yielded and the reason is logged once: a mount that is away for a moment
        must not remove every workflow.
        """
        before: Stamps | None = None
        while True:
            moving = set[str]()
            stamps = await self._poll()
            if stamps is not None:
                moving = differing(before, stamps) if before is not None else moving
                is_first, before = before is None, stamps
                if is_first or self._has_settled_change(stamps, moving):
                    yield await asyncio.to_thread(self._read, stamps, moving)
            await asyncio.sleep(self._settle_seconds if moving else self._poll_seconds)

    async def _poll(self) -> Stamps | None:
        try:
            stamps = await asyncio.to_thread(stamps_of, self._path)
        except OSError as error:
            trouble = error.strerror or type(error).__name__
            if trouble != self.trouble:
                log.warning("folder_unreadable", folder=str(self._path), reason=trouble)
            self.trouble = trouble
            return None
        self.trouble = None
        return stamps

    def _has_settled_change(self, stamps: Stamps, moving: set[str]) -> bool:
        """Return whether a settled file differs from the text that was read, or is gone."""
        known = {name: stamp for name, (stamp, _) in self._texts.items()}
        return bool(differing(known, stamps) - moving)

    def _read(self, stamps: Stamps, moving: set[str]) -> dict[str, File]:
        """Return every file; for those in motion, keep the known text for later."""
        texts = {name: known for name, known in self._texts.items() if name in moving}
        for name in stamps.keys() - moving:
            known, stamp = self._texts.get(name), stamps[name]
            if known is None or known[0] != stamp:
                known = (stamp, read_file(self._path / name))
            texts[name] = known
        self._texts = texts
        settled = {name: file for name, (_, file) in texts.items()}
        return settled | dict.fromkeys(moving, Unsettled())


def stamps_of(path: Path) -> Stamps:
    """Return time of change, size and inode of each file."""
    stamps: dict[str, Stamp] = {}
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.endswith(SUFFIXES):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:  # removed since, or a link to nowhere
                continue
            stamps[entry.name] = (status.st_mtime_ns, status.st_size, status.st_ino)
    if len(stamps) > MAX_FILES:
        raise OSError(0, f"more than {MAX_FILES} files")
    return stamps


def differing(before: Stamps, now: Stamps) -> set[str]:
    """Return the names of files that were added, removed or changed."""
    return {name for name, _ in before.items() ^ now.items()}


def read_file(path: Path) -> File:
    if not path.is_file():
        return Unreadable("not a file")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            return Unreadable(f"larger than {MAX_BYTES // 1024} KiB")
        return content.decode()
    except OSError as error:
        return Unreadable(error.strerror or type(error).__name__)
    except UnicodeDecodeError:
        return Unreadable("not a text in UTF-8")
