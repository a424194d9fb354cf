"""Fetches model files into a folder of the agent's disk.

A transfer that was cut goes on where its file ends, also after a restart. Nothing is written
beyond the limit of the folder, nothing outside of it, and no file is replaced.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from time import monotonic

import httpx
import structlog

from contracts.model_files import TransferPhase
from contracts.values import new_id
from node_agent.adapters import model_folder, model_room
from node_agent.adapters.model_answers import (
    UNSATISFIABLE,
    CutError,
    announced_bytes,
    begin_of,
    is_complete,
)
from node_agent.adapters.model_folder import (
    CHUNK_BYTES,
    LockedElsewhereError,
    LockWatch,
    counting,
    files_in,
    hash_of,
    locked,
    publish,
    renew,
    sync,
)
from node_agent.adapters.model_room import bytes_in, leave_room, take_room
from node_agent.adapters.public_web import PublicWeb
from node_agent.domain.transfers import (
    FOLDER_LOCK,
    LOCK_SUFFIX,
    PART_SUFFIX,
    PROMISE_SUFFIX,
    Transfer,
)
from node_agent.ports import FileRefusedError, NoSpaceError, TransferError, UnreachableError

log = structlog.get_logger()

PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 60.0, 60.0, 60.0)
"""Pauses between tries that brought next to nothing, five minutes in all."""
MOST_AT_ONCE = 2
KEEP_PARTS_SECONDS = 7 * 86_400.0
"""An unfinished file with which nobody went on for so long is deleted."""
OWN_SUFFIXES = (PART_SUFFIX, LOCK_SUFFIX, PROMISE_SUFFIX)


def patience_seconds(size_bytes: int) -> float:
    """Return the time in which so many bytes must come, with all pauses: 100 kB a second."""
    return 600.0 + size_bytes / 100_000


@dataclass(frozen=True, slots=True)
class DiskModels:
    """The folder, in the layout of ComfyUI's `models`."""

    root: Path
    max_bytes: int
    web: PublicWeb
    machine: str
    """Name of this machine: others that share the folder write under names of their own."""
    pauses: Sequence[float] = PAUSES
    patience: Callable[[int], float] = patience_seconds
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the bytes of the folder are counted: not every storage has locks."""

    async def used_bytes(self) -> int:
        return await asyncio.to_thread(bytes_in, self.root)

    async def fetch(self, transfer: Transfer) -> None:
        """Bring the file to its place, unless it is there; wait for another agent that does so."""
        try:
            lock = self.path(transfer.lock)
            watch = LockWatch(lock, "has been fetching it", model_folder.STILL_SECONDS)
            while True:
                try:
                    async with self.slots:
                        return await self.bring(transfer, lock)
                except LockedElsewhereError:  # without a slot, which other files can use
                    await watch.look_again()
        except OSError as error:
            raise NoSpaceError(f"it cannot be written: {error.strerror}") from error

    async def bring(self, transfer: Transfer, lock: Path) -> None:
        """Fetch the file, unless it is there. Raises LockedElsewhereError."""
        wanted, place = transfer.command.origin.sha256, self.path(transfer.place)
        if transfer.is_listed or await self.has(place, wanted):
            return
        await asyncio.to_thread(place.parent.mkdir, parents=True, exist_ok=True)
        with locked(lock) as is_locked:
            transfer.phase = TransferPhase.FETCHING
            if await self.has(place, wanted):
                return  # the other agent has brought it
            part = self.path(transfer.part(self.machine if is_locked else str(new_id())))
            await asyncio.to_thread(self.prepare, transfer, part)
            try:
                await self.complete(transfer, part)
                await asyncio.to_thread(sync, part)
                async with self.counting():
                    is_published = await asyncio.to_thread(publish, part, place)
                    leave_room(part)
            finally:
                leave_room(part)
            if not is_published:
                await self.accept(place, wanted)

    async def has(self, place: Path, wanted: str | None) -> bool:
        if not await asyncio.to_thread(place.exists):
            return False
        if wanted and await asyncio.to_thread(hash_of, place) != wanted:
            raise FileRefusedError("the folder has a file of this name with another content")
        return True

    async def accept(self, place: Path, wanted: str | None) -> None:
        """Accept a file that appeared meanwhile. Raises FileRefusedError if it is another one."""
        if not await self.has(place, wanted):
            raise FileRefusedError("a link of this name leads nowhere")

    def path(self, place: os.PathLike[str]) -> Path:
        """Return the path on the disk. Raises FileRefusedError if a link leads out of it."""
        root = self.root.resolve()
        path = root / place
        if not path.parent.resolve().is_relative_to(root):
            raise FileRefusedError("a link leads out of the agent's model folder")
        return path

    def prepare(self, transfer: Transfer, part: Path) -> None:
        """Delete unfinished files that nobody needs; one without a hash cannot be gone on with."""
        for path, _, changed_at in files_in(self.root.resolve()):
            is_ours = path.name.startswith(".") and path.name.endswith(OWN_SUFFIXES)
            if is_ours and path != part and changed_at < time.time() - KEEP_PARTS_SECONDS:
                path.unlink(missing_ok=True)
        part.touch()
        # an agent that died while it published left two names of one file
        if transfer.command.origin.sha256 is None or part.stat().st_nlink > 1:
            part.unlink()
            part.touch()
        transfer.fetched_bytes = part.stat().st_size

    async def complete(self, transfer: Transfer, part: Path) -> None:
        """Fetch until all bytes are there and have the wanted hash."""
        wanted = transfer.command.origin.sha256
        was_begun = transfer.fetched_bytes > 0
        await self.fetch_all(transfer, part)
        if wanted is None or await asyncio.to_thread(hash_of, part) == wanted:
            return
        await asyncio.to_thread(part.unlink)
        if not was_begun:
            raise FileRefusedError("its content has another sha256")
        # the beginning may be of another file, which an earlier address had
        await asyncio.to_thread(self.prepare, transfer, part)
        await self.complete(transfer, part)

    async def fetch_all(self, transfer: Transfer, part: Path) -> None:
        """Repeat requests until the file is complete.

        Tries count until the file has grown by a mebibyte, and all of them if each begins anew.
        """
        tries, reason, counted_from = 0, "", transfer.fetched_bytes
        try:
            async with asyncio.timeout(None) as limit:
                while tries < len(self.pauses):
                    await asyncio.sleep(self.pauses[tries])
                    try:
                        return await self.fetch_rest(transfer, part, limit)
                    except (httpx.TransportError, UnreachableError, CutError) as error:
                        reason = str(error) or type(error).__name__
                        log.info("model_cut", name=transfer.command.name, reason=reason)
                    tries += 1
                    grown_bytes = transfer.fetched_bytes - counted_from
                    if transfer.command.origin.sha256 and grown_bytes >= CHUNK_BYTES:
                        tries, counted_from = 1, transfer.fetched_bytes
        except TimeoutError as error:
            raise TransferError("its server sends it too slowly") from error
        raise TransferError(f"its server does not send it: {reason}")

    async def fetch_rest(self, transfer: Transfer, part: Path, limit: asyncio.Timeout) -> None:
        begin, can_resume = transfer.fetched_bytes, transfer.command.origin.sha256 is not None
        headers = {"Accept-Encoding": "identity"}
        if begin and can_resume:
            headers["Range"] = f"bytes={begin}-"
        async with self.web.get(transfer.command.origin.url, headers) as response:
            if is_complete(response, begin):
                return
            if response.status_code == UNSATISFIABLE:  # it has become shorter: begin anew
                await asyncio.to_thread(os.truncate, part, 0)
                transfer.fetched_bytes = 0
                raise CutError("its server has less of it than was fetched")
            begin = begin_of(response, begin)
            await asyncio.to_thread(os.truncate, part, begin)
            transfer.fetched_bytes = begin
            size_bytes = begin + announced_bytes(response)
            await self.reserve(transfer, part, size_bytes)
            if limit.when() is None:
                seconds = self.patience(size_bytes - begin)
                limit.reschedule(asyncio.get_running_loop().time() + seconds)
            await self.receive(transfer, part, response.aiter_raw(), size_bytes)
        if transfer.fetched_bytes < size_bytes:
            raise CutError("the answer ended early")

    async def receive(
        self, transfer: Transfer, part: Path, chunks: AsyncIterator[bytes], size_bytes: int
    ) -> None:
        """Append the bytes to the unfinished file, and keep the room for all of them."""
        renewed_at = monotonic()
        with part.open("ab") as file:
            async for chunk in chunks:
                if transfer.fetched_bytes + len(chunk) > size_bytes:
                    raise FileRefusedError("its server sends more than it announced")
                if monotonic() - renewed_at > model_room.RENEW_SECONDS:
                    await self.reserve(transfer, part, size_bytes)
                    renewed_at = monotonic()
                await asyncio.to_thread(file.write, chunk)
                transfer.fetched_bytes += len(chunk)

    async def reserve(self, transfer: Transfer, part: Path, size_bytes: int) -> None:
        """Keep room for the whole file. Raises NoSpaceError if there is none."""
        async with self.counting():
            renew(self.path(transfer.lock))
            await asyncio.to_thread(take_room, self.root, part, size_bytes, self.max_bytes)
            transfer.size_bytes = size_bytes

    @asynccontextmanager
    async def counting(self) -> AsyncGenerator[None, None]:
        async with self.turn, counting(self.path(PurePosixPath(FOLDER_LOCK))):
            yield
