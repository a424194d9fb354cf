"""Files that nobody trusts are decoded by short-lived processes of bounded size.

What needs no decoder, and is small, is done here: a process takes longer to start than that.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from contracts.errors import UnavailableError
from media.adapters.pixels import stripping
from media.adapters.pixels.contents import head_type
from media.domain.bare import STRIPPED
from media.domain.inspection import Bounds, Finding, Look, Order, RefusedError, Shrunk

log = structlog.get_logger()

WORKER = "media.adapters.pixels.worker"
LATER = 75  # EX_TEMPFAIL of sysexits.h: the disk, not the file
STDERR_SHOWN = 400
MIB = 1024**2


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may use. Pictures up to `small_pixels` are opened side by side."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    output_bytes: int = 512 * MIB
    small_memory_bytes: int = 224 * MIB
    small_pixels: int = 8_000_000
    desk_bytes: int = 16 * MIB
    """Files up to this size are made bare in our own process, one at a time."""


class Workshop:
    """A few small workers at one time, or one large one alone: so memory has one bound in all."""

    def __init__(self, limits: WorkerLimits, at_once: int) -> None:
        self._limits = limits
        self._at_once = at_once
        self._free = asyncio.Semaphore(at_once)
        self._alone = asyncio.Lock()
        self._desk = asyncio.Lock()

    async def inspect(self, folder: Path, order: Order) -> Finding:
        """Say what to keep of `source`. Raises Refused, or Unavailable: not the file's fault."""
        job = {"task": "inspect", "kind": order.kind, "mask": asdict(order.mask)}
        return Finding(**await self._do(folder, job, order.bounds))

    async def look(self, folder: Path, bounds: Bounds) -> Look:
        """Make thumbnails of `source` beside it. Raises as `inspect` does."""
        found = await self._do(folder, {"task": "look"}, bounds)
        thumbnails = tuple(Shrunk(**made) for made in found.pop("thumbnails"))
        return Look(**found, thumbnails=thumbnails)

    async def strip(self, folder: Path) -> Finding:
        """Write `source` without its metadata to `target`. Raises as `inspect` does."""
        source = folder / "source"
        if source.stat().st_size <= self._limits.desk_bytes and head_type(source) in STRIPPED:
            async with self._desk:
                return await asyncio.to_thread(stripping.strip, source, folder / "target")
        return Finding(**await self._do(folder, {"task": "strip"}, Bounds(0, 0)))

    async def _do(self, folder: Path, job: Mapping[str, Any], bounds: Bounds) -> dict[str, Any]:
        limits = self._limits
        most = {"cpu_seconds": limits.cpu_seconds, "output_bytes": limits.output_bytes}
        large = {**job, **most, "folder": str(folder), "memory_bytes": limits.memory_bytes}
        small = {
            **large,
            "memory_bytes": min(limits.small_memory_bytes, limits.memory_bytes),
            "bounds": asdict(replace(bounds, room_pixels=limits.small_pixels)),
        }
        async with self._free:
            answer = await self._run(small, folder)
        if "needs_room" in answer:
            async with self._room():
                answer = await self._run(large | {"bounds": asdict(bounds)}, folder)
        return found_in(answer)

    @asynccontextmanager
    async def _room(self) -> AsyncGenerator[None, None]:
        """Wait until no other worker runs, and keep it so."""
        async with self._alone:
            taken = 0
            try:
                while taken < self._at_once:
                    await self._free.acquire()
                    taken += 1
                yield
            finally:
                for _ in range(taken):
                    self._free.release()

    async def _run(self, job: dict[str, Any], folder: Path) -> dict[str, Any]:
        said = folder / "stderr"
        status, answer = await self._talk(json.dumps(job).encode(), said)
        if status == 0:
            return json.loads(answer)
        tail = said.read_bytes()[-STDERR_SHOWN:].decode(errors="replace")
        log.info("worker_failed", task=job["task"], status=status, said=tail)
        if status == -signal.SIGXCPU:
            raise RefusedError("too_costly", "The file takes too long to open.")
        if status in (LATER, -signal.SIGKILL):
            raise UnavailableError("files cannot be opened now", retry_in=5.0)
        raise RefusedError("unreadable", "The file is damaged or not what it seems to be.")

    async def _talk(self, job: bytes, said: Path) -> tuple[int, bytes]:
        with said.open("wb") as stderr:
            worker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", WORKER),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env={},
            )
        try:
            answer, _ = await asyncio.wait_for(worker.communicate(job), self._limits.wall_seconds)
        except TimeoutError:
            return -signal.SIGKILL, b""
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
        return worker.returncode or 0, answer


def found_in(answer: dict[str, Any]) -> dict[str, Any]:
    if refused := answer.get("refused"):
        code, text, params = refused
        raise RefusedError(code, text, **params)
    if "needs_room" in answer:
        raise RefusedError("too_costly", "The file takes too much memory to open.")
    return answer["found"]
