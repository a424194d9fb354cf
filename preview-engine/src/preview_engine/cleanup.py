"""Deletes old files, so that an engine which runs for months keeps its home small.

It deletes files that are too old, then the oldest until the rest is small enough. It keeps files
that the history lists and files written or read within the hour. In `input` it looks only into
the fleet's own folder `cf`, and keeps files that people put beside it.
"""

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preview_engine.engine.queue import PromptQueue
from preview_engine.folders import Folders, OutsideFolderError

EVERY_SECONDS = 600.0
GRACE_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Age and total size that a folder may keep."""

    seconds: float = 7 * 86_400.0
    size_bytes: int = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Found:
    path: Path
    written_at: float
    size_bytes: int


def clean_up_for_ever(folders: Folders, queue: PromptQueue) -> None:
    while True:
        clean_up(folders, queue, Retention(), time.time())
        time.sleep(EVERY_SECONDS)


def clean_up(folders: Folders, queue: PromptQueue, keep: Retention, now: float) -> None:
    roots = (folders.roots["output"], folders.roots["temp"], folders.roots["input"] / "cf")
    listed = set(listed_files(folders, queue.history().values()))
    for root in roots:
        for path in expired(walk(root), listed, keep, now):
            path.unlink(missing_ok=True)
        remove_empty(root, now)


def expired(
    files: Iterable[Found], listed: set[Path], keep: Retention, now: float
) -> Iterator[Path]:
    """Yield the files to delete, oldest first; files that stay count for the size too."""
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
    """Delete empty folders, deepest first, but none that a job has just made."""
    folders = sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True)
    for folder in folders:
        with suppress(OSError):
            if now - folder.stat().st_mtime >= GRACE_SECONDS:
                folder.rmdir()


def listed_files(folders: Folders, entries: Iterable[dict[str, Any]]) -> Iterator[Path]:
    """Yield every file of the entries; the other things that a graph node shows are no files."""
    for entry in entries:
        for shown in entry["outputs"].values():
            for file in itertools.chain.from_iterable(shown.values()):
                with suppress(OutsideFolderError, KeyError, TypeError):
                    yield folders.resolve(file["type"], file["subfolder"], file["filename"])
