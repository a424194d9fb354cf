"""Looks at the folder of model files, and gives finished files their names.

Several agents may write into one folder: on one machine, or on storage that machines share.
"""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from time import monotonic

from node_agent.ports import TransferError
from runtime.supervision.lock import Lock

CHUNK_BYTES = 1024 * 1024
LOOK_SECONDS = 1.0
"""Pause between looks at a lock that another agent holds."""
STILL_SECONDS = 1_800.0
"""An agent that renews its lock for no longer stands still: it hashes large files in less."""
COUNTING_SECONDS = 60.0
"""Time in which an agent that counts the bytes of the folder is done."""
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


class LockedElsewhereError(Exception):
    """Another agent holds the lock."""


@contextmanager
def locked(path: Path) -> Generator[bool, None, None]:
    """Hold the lock; yield False if the storage has no locks. Raises LockedElsewhereError."""
    lock = Lock(path)
    try:
        is_taken = lock.take()
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        lock.remove()
        yield False
        return
    if not is_taken:
        raise LockedElsewhereError
    try:
        yield True
    finally:
        lock.remove()


class LockWatch:
    """Waits for a lock of another agent, as long as that agent renews it."""

    def __init__(self, path: Path, holder_does: str, patience_seconds: float) -> None:
        self._path = path
        self._holder_does = holder_does
        self._patience_seconds = patience_seconds
        self._begun_at = self._renewed_at = monotonic()
        self._changed_at: float | None = None

    async def look_again(self) -> None:
        """Pause before the next try. Raises TransferError if the other agent stands still."""
        changed_at = await asyncio.to_thread(changed_time, self._path)
        if changed_at != self._changed_at:
            self._changed_at, self._renewed_at = changed_at, monotonic()
        elif monotonic() - self._renewed_at > self._patience_seconds:
            raise TransferError(
                f"another agent {self._holder_does} for {monotonic() - self._begun_at:.0f} s, and "
                f"stands still: end that agent, or delete {self._path}"
            )
        await asyncio.sleep(LOOK_SECONDS)


def changed_time(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None


def renew(lock: Path) -> None:
    """Show those who wait for this agent's lock that it goes on."""
    with suppress(FileNotFoundError):  # the storage has no locks
        os.utime(lock)


@asynccontextmanager
async def counting(lock: Path) -> AsyncGenerator[None, None]:
    """Wait until no other agent counts the bytes of the folder."""
    watch = LockWatch(lock, "has been counting the folder", COUNTING_SECONDS)
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(lock))
                break
            except LockedElsewhereError:
                await watch.look_again()
        yield


def sync(part: Path) -> None:
    """Return once the disk surely has the content."""
    with part.open("rb") as file:
        os.fsync(file.fileno())


def publish(part: Path, place: Path, link: Callable[[Path, Path], None] = os.link) -> bool:
    """Give the finished file its name.

    Return False if there is a file of that name: it stays, and the finished one is deleted.
    """
    try:
        link(part, place)  # unlike `rename` it never replaces a file
    except FileExistsError:
        is_free = False
    except OSError:  # a file system without hard links, as SMB and exFAT
        is_free = not place.exists()
        if is_free:
            part.rename(place)
    else:
        is_free = True
    part.unlink(missing_ok=True)
    return is_free


def hash_of(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def files_in(root: Path) -> Iterator[tuple[Path, int, float]]:
    """Yield each file with its size and the time of its last change; links are not followed."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            try:
                found = path.lstat()
            except OSError:  # it was moved or deleted meanwhile
                continue
            yield path, found.st_size, found.st_mtime
