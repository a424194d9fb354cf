"""Makes temporary folders, and deletes those that a killed process left.

A process holds a lock on each of its folders. The system drops the lock with the process, so a
folder without a lock is left over, whoever made it.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

NEW_SECONDS = 60.0
"""A younger folder may be about to get its lock."""


@contextmanager
def scratch_folder(prefix: str, parent: Path | None) -> Generator[Path, None, None]:
    """Open a private folder in `parent`, or the system's own, and delete it with all its files."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as name:
        lock = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(lock)


def delete_left_over(prefix: str, parent: Path | None) -> int:
    """Delete the folders that no process holds any more, and return their number."""
    before, deleted = time.time() - NEW_SECONDS, 0
    for folder in Path(parent or tempfile.gettempdir()).glob(f"{prefix}*"):
        if folder.is_dir() and folder.stat().st_mtime < before and not is_held(folder):
            shutil.rmtree(folder, ignore_errors=True)
            deleted += 1
    return deleted


def is_held(folder: Path) -> bool:
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        return True  # it is gone, or another user's
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
