"""Old files go, so that an engine which runs for months keeps its home small.

What is too old goes, and then the oldest until the rest is small enough; never what the history
still lists, nor what was written or read within the hour. Files that people put into `input`
themselves stay: only the fleet's own folder `cf` is looked after there.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from preview_engine.engine.queue import PromptQueue
from preview_engine.folders import Folders, OutsideFolderError

EVERY_SECONDS = 600.0
GRACE_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Keep:
    """How much may stay in each folder."""

    seconds: float = 7 * 86_400.0
    size_bytes: int = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Found:
    path: Path
    written_at: float
    size_bytes: int


def tidy_for_ever(folders: Folders, queue: PromptQueue) -> None:
    while True:
        tidy(folders, queue, Keep(), time.time())
        time.sleep(EVERY_SECONDS)


def tidy(folders: Folders, queue: PromptQueue, keep: Keep, now: float) -> None:
    roots = (folders.roots["output"], folders.roots["temp"], folders.roots["input"] / "cf")
    listed = set(listed_files(folders, queue.history().values()))
    for root in roots:
        for path in doomed(walk(root), listed, keep, now):
            path.unlink(missing_ok=True)
        remove_empty(root, now)


def doomed(files: Iterable[Found], listed: set[Path], keep: Keep, now: float) -> Iterator[Path]:
    """Oldest first; what may not go counts for the size all the same."""
    oldest_first = sorted(files, key=lambda file: file.written_at)
    size = sum(file.size_bytes for file in oldest_first)
    for file in oldest_first:
        age = now - file.written_at
        if age < GRACE_SECONDS or (age < keep.seconds and size <= keep.size_bytes):
            return
        if file.path not in listed:
            size -= file.size_bytes
            yield file.path


def walk(root: Path) -> Iterator[Found]:
    for path in root.rglob("*"):
        with suppress(OSError):
            status = path.lstat()
            if not path.is_dir():
                yield Found(path, status.st_mtime, status.st_size)


def remove_empty(root: Path, now: float) -> None:
    """Deepest first; a folder that a job has just made is not touched."""
    folders = sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True)
    for folder in folders:
        with suppress(OSError):
            if now - folder.stat().st_mtime >= GRACE_SECONDS:
                folder.rmdir()


def listed_files(folders: Folders, entries: Iterable[dict[str, Any]]) -> Iterator[Path]:
    for entry in entries:
        for keys in entry["outputs"].values():
            for value in (value for values in keys.values() for value in values):
                if isinstance(value, dict):
                    with suppress(OutsideFolderError, KeyError):
                        yield place_of(folders, cast("dict[str, str]", value))


def place_of(folders: Folders, file: dict[str, str]) -> Path:
    return folders.resolve(file["type"], file["subfolder"], file["filename"])
