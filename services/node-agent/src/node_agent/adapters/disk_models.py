"""Fetches model files into a folder of the agent's disk.

A transfer that was cut goes on where its file ends, also after a restart. Nothing is written
beyond the limit of the folder, nothing outside of it, and no file is replaced.
"""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import structlog

from contracts.model_files import TransferPhase
from contracts.values import new_id
from node_agent.adapters.model_folder import (
    CHUNK_BYTES,
    bytes_in,
    files_in,
    hash_of,
    locked,
    publish,
)
from node_agent.adapters.public_web import PublicWeb
from node_agent.domain.transfers import LOCK_SUFFIX, PART_SUFFIX, Transfer
from node_agent.ports import FileRefusedError, NoSpaceError, TransferError, UnreachableError

log = structlog.get_logger()

PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 60.0, 60.0, 60.0)
"""Pauses between tries that brought next to nothing, five minutes in all."""
MOST_AT_ONCE = 2
KEEP_PARTS_SECONDS = 7 * 86_400.0
"""An unfinished file with which nobody went on for so long is deleted."""
PARTIAL, UNSATISFIABLE = 206, 416
PASSING = frozenset({408, 425, 429})


def patience_seconds(size_bytes: int) -> float:
    """Return the time in which so many bytes must come, with all pauses: 100 kB a second."""
    return 600.0 + size_bytes / 100_000


class CutError(Exception):
    """The answer ended early, or a later one may be better."""


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
    reservation: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while room is looked for, so that no two transfers get one room."""

    async def used_bytes(self) -> int:
        return await asyncio.to_thread(bytes_in, self.root)

    async def fetch(self, transfer: Transfer, promised_bytes: Callable[[], int]) -> None:
        wanted, place = transfer.command.origin.sha256, self.path(transfer.place)
        try:
            async with self.slots:
                if transfer.is_listed or await self.has(place, wanted):
                    return
                await asyncio.to_thread(place.parent.mkdir, parents=True, exist_ok=True)
                async with locked(self.path(transfer.lock)) as is_locked:
                    transfer.phase = TransferPhase.FETCHING
                    if await self.has(place, wanted):
                        return  # the other agent has brought it
                    writer = self.machine if is_locked else str(new_id())
                    part = self.path(transfer.part(writer))
                    await asyncio.to_thread(self.prepare, transfer, part)
                    await self.complete(transfer, part, promised_bytes)
                    if not await asyncio.to_thread(publish, part, place):
                        await self.accept(place, wanted)
        except OSError as error:
            raise NoSpaceError(f"it cannot be written: {error.strerror}") from error

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
            is_ours = path.name.startswith(".") and path.name.endswith((PART_SUFFIX, LOCK_SUFFIX))
            if is_ours and path != part and changed_at < time.time() - KEEP_PARTS_SECONDS:
                path.unlink(missing_ok=True)
        part.touch()
        # an agent that died while it published left two names of one file
        if transfer.command.origin.sha256 is None or part.stat().st_nlink > 1:
            part.unlink()
            part.touch()
        transfer.fetched_bytes = part.stat().st_size

    async def complete(
        self, transfer: Transfer, part: Path, promised_bytes: Callable[[], int]
    ) -> None:
        """Fetch until all bytes are there and have the wanted hash."""
        wanted = transfer.command.origin.sha256
        was_begun = transfer.fetched_bytes > 0
        await self.fetch_all(transfer, part, promised_bytes)
        if wanted is None or await asyncio.to_thread(hash_of, part) == wanted:
            return
        await asyncio.to_thread(part.unlink)
        if not was_begun:
            raise FileRefusedError("its content has another sha256")
        # the beginning may be of another file, which an earlier address had
        await asyncio.to_thread(self.prepare, transfer, part)
        await self.complete(transfer, part, promised_bytes)

    async def fetch_all(
        self, transfer: Transfer, part: Path, promised_bytes: Callable[[], int]
    ) -> None:
        """Repeat requests until the file is complete.

        Tries count until the file has grown by a mebibyte, and all of them if each begins anew.
        """
        tries, reason, counted_from = 0, "", transfer.fetched_bytes
        try:
            async with asyncio.timeout(None) as limit:
                while tries < len(self.pauses):
                    await asyncio.sleep(self.pauses[tries])
                    try:
                        return await self.fetch_rest(transfer, part, promised_bytes, limit)
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

    async def fetch_rest(
        self,
        transfer: Transfer,
        part: Path,
        promised_bytes: Callable[[], int],
        limit: asyncio.Timeout,
    ) -> None:
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
            await self.reserve(transfer, size_bytes, promised_bytes)
            if limit.when() is None:
                seconds = self.patience(size_bytes - begin)
                limit.reschedule(asyncio.get_running_loop().time() + seconds)
            with part.open("ab") as file:
                async for chunk in response.aiter_raw():
                    if transfer.fetched_bytes + len(chunk) > size_bytes:
                        raise FileRefusedError("its server sends more than it announced")
                    await asyncio.to_thread(file.write, chunk)
                    transfer.fetched_bytes += len(chunk)
        if transfer.fetched_bytes < size_bytes:
            raise CutError("the answer ended early")

    async def reserve(
        self, transfer: Transfer, size_bytes: int, promised_bytes: Callable[[], int]
    ) -> None:
        """Keep room for the whole file. Raises NoSpaceError if the folder has none."""
        async with self.reservation:
            promised = promised_bytes()  # first: bytes that come meanwhile count twice, not never
            taken = await self.used_bytes() - transfer.fetched_bytes + promised
            if taken + size_bytes > self.max_bytes:
                raise NoSpaceError(
                    f"it has {size_bytes} bytes, and {taken} of the {self.max_bytes} bytes of the "
                    "agent's model folder are taken (COMFYFLEET_MAX_MODELS_BYTES)"
                )
            transfer.size_bytes = size_bytes


def is_complete(response: httpx.Response, fetched_bytes: int) -> bool:
    """Return whether the server knows no byte behind those."""
    return response.status_code == UNSATISFIABLE and (
        response.headers.get("Content-Range") == f"bytes */{fetched_bytes}"
    )


def begin_of(response: httpx.Response, asked: int) -> int:
    """Return the offset of the answer's first byte. Raises CutError, FileRefusedError."""
    status = response.status_code
    if status == PARTIAL:
        if response.headers.get("Content-Range", "").startswith(f"bytes {asked}-"):
            return asked
        raise FileRefusedError("its server answers with another part than was asked for")
    if status in PASSING or response.is_server_error:
        raise CutError(f"its server answers {status}")
    if not response.is_success:
        raise FileRefusedError(f"its server answers {status}")
    return 0


def announced_bytes(response: httpx.Response) -> int:
    text = response.headers.get("Content-Length", "")
    if not text.isdecimal() or "Content-Encoding" in response.headers:
        raise FileRefusedError("its server does not say its size")
    return int(text)
