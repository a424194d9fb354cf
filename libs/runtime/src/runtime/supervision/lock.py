"""Lets one process at a time use a folder; the kernel frees the lock when its holder dies.

The lock file names the holder's process id, so that a second start can say who runs. `filelock`
keeps no process id beside the kernel's lock.
"""

import fcntl
import os
from pathlib import Path


class Lock:
    """An exclusive lock on a file, kept until `release` or until the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Return False if another holds the lock, or has just removed it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), self._path.stat()):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                self._descriptor = descriptor
        except (BlockingIOError, FileNotFoundError):
            pass
        finally:
            if self._descriptor != descriptor:
                os.close(descriptor)
        return self._descriptor is not None

    def release(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Delete the file before the lock is free, for locks of which there are many."""
        self._path.unlink(missing_ok=True)
        self.release()


def holder(path: Path) -> int | None:
    """Return the process id of the lock's holder, if one lives."""
    if not path.exists():
        return None
    lock = Lock(path)
    text = path.read_text().strip()
    if lock.take():
        lock.release()
        return None
    return int(text) if text.isdecimal() else 0
