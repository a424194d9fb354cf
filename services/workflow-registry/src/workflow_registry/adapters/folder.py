"""A folder of text files, polled: inotify does not see changes on network and bind mounts.

Only files whose time or size changed are read again. A change of a file is taken over once two
looks in a row agree about that file, so that it is not read while it is being written.
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
"""Between two looks while something changes."""
MOST_FILES = 4_000
MOST_BYTES = 1024 * 1024
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
        """Why the folder could not be read when it was last looked at."""

    async def changes(self) -> AsyncGenerator[dict[str, File], None]:
        """Yield all files as they are now, and again each time that the change of one settled.

        Others that are changing just then are `Unsettled`; nobody waits for them. Nothing comes
        while the folder cannot be read, which is said once: a mount that is away for a moment
        must not take every workflow along.
        """
        before: Stamps | None = None
        while True:
            moving = set[str]()
            stamps = await self._look()
            if stamps is not None:
                moving = differing(before, stamps) if before is not None else moving
                is_first, before = before is None, stamps
                if is_first or self._has_news(stamps, moving):
                    yield await asyncio.to_thread(self._read, stamps, moving)
            await asyncio.sleep(self._settle_seconds if moving else self._poll_seconds)

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

    def _has_news(self, stamps: Stamps, moving: set[str]) -> bool:
        """Whether a file that stands still is another than when it was read, or gone."""
        known = {name: stamp for name, (stamp, _) in self._texts.items()}
        return bool(differing(known, stamps) - moving)

    def _read(self, stamps: Stamps, moving: set[str]) -> dict[str, File]:
        """Every file; of those that move, what was known is kept for later."""
        texts = {name: known for name, known in self._texts.items() if name in moving}
        for name in stamps.keys() - moving:
            known, stamp = self._texts.get(name), stamps[name]
            if known is None or known[0] != stamp:
                known = (stamp, read_file(self._path / name))
            texts[name] = known
        self._texts = texts
        settled = {name: file for name, (_, file) in texts.items()}
        return settled | dict.fromkeys(moving, Unsettled())


def look(path: Path) -> Stamps:
    """Time of change, size and inode of each file."""
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
    if len(stamps) > MOST_FILES:
        raise OSError(0, f"more than {MOST_FILES} files")
    return stamps


def differing(before: Stamps, now: Stamps) -> set[str]:
    """Files that came, went or changed."""
    return {name for name, _ in before.items() ^ now.items()}


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
