"""Looks at the folder of model files, and gives finished files their names.

Several agents may write into one folder: on one machine, or on storage that machines share.
"""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from node_agent.domain.transfers import LOCK_SUFFIX
from runtime.supervision.lock import Lock

CHUNK_BYTES = 1024 * 1024
LOOK_SECONDS = 1.0
"""Pause between looks at a lock that another agent holds."""
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


@asynccontextmanager
async def locked(path: Path) -> AsyncGenerator[bool, None]:
    """Wait until no other agent holds the lock; yield False if the storage has no locks."""
    lock = Lock(path)
    try:
        while not lock.take():  # noqa: ASYNC110  the other process sets no event
            await asyncio.sleep(LOOK_SECONDS)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        lock.remove()
        yield False
        return
    try:
        yield True
    finally:
        lock.remove()


def publish(part: Path, place: Path, link: Callable[[Path, Path], None] = os.link) -> bool:
    """Give the finished file its name, once the disk surely has its content.

    Return False if there is a file of that name: it stays, and the finished one is deleted.
    """
    with part.open("rb") as file:
        os.fsync(file.fileno())
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


def bytes_in(root: Path) -> int:
    return sum(size for path, size, _ in files_in(root) if path.suffix != LOCK_SUFFIX)


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
