"""Runs the sandbox: untrusted files are decoded by short-lived processes of bounded size.

Small files that need no decoder are handled in this process, because a worker takes longer to
start than they take.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from contracts.errors import UnavailableError
from media.adapters.sandbox import metadata
from media.adapters.sandbox.source import head_of
from media.domain.bare import STRIPPED, form_of
from media.domain.inspection import (
    BlobPreview,
    Bounds,
    FileRefusedError,
    InspectedFile,
    Thumbnail,
    WorkTime,
)
from media.ports import InspectionRequest

log = structlog.get_logger()

WORKER = "media.adapters.sandbox.worker"
TOO_SLOW = -signal.SIGALRM
"""Status of a worker that was ended at its wall limit."""
STRIP_TRIES = 2
LATER = 75  # EX_TEMPFAIL of sysexits.h: the disk failed, not the file
LOGGED_STDERR_BYTES = 400
MIB = 1024**2


class WorkerTooSlowError(UnavailableError):
    """A worker did not end in time: its file costs too much, or the machine is busy."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Limits of one worker. Workers with up to `max_shared_pixels` run at the same time."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    output_bytes: int = 512 * MIB
    shared_memory_bytes: int = 224 * MIB
    max_shared_pixels: int = 8_000_000
    in_process_bytes: int = 16 * MIB
    """Files up to this size are made bare in this process, one at a time."""


class ProcessSandbox:
    """Runs some small workers at one time, or a large one alone, which bounds memory in all."""

    def __init__(self, limits: WorkerLimits, concurrency: int) -> None:
        self._limits = limits
        self._concurrency = concurrency
        self._free = asyncio.Semaphore(concurrency)
        self._exclusive = asyncio.Lock()
        self._in_process = asyncio.Lock()

    async def inspect(self, folder: Path, request: InspectionRequest) -> InspectedFile:
        task = {
            "task": "inspect",
            "kind": request.kind,
            "mask": request.mask.model_dump(mode="json"),
            "mask_size": request.mask_size,
        }
        return InspectedFile(**await self._do(folder, task, request.bounds))

    async def preview(self, folder: Path, bounds: Bounds) -> BlobPreview:
        found = await self._do(folder, {"task": "preview"}, bounds)
        thumbnails = tuple(Thumbnail(**made) for made in found.pop("thumbnails"))
        return BlobPreview(**found, thumbnails=thumbnails)

    async def strip(self, folder: Path, time: WorkTime) -> InspectedFile:
        source = folder / "source"
        is_small = source.stat().st_size <= self._limits.in_process_bytes
        if is_small and form_of(head_of(source)) in STRIPPED:
            async with self._in_process, counted(time):
                return await asyncio.to_thread(metadata.strip, source, folder / "target")
        for _ in range(STRIP_TRIES):
            with suppress(WorkerTooSlowError):
                return InspectedFile(
                    **await self._do(folder, {"task": "strip"}, Bounds(0, 0), time)
                )
        # tried without end, the result would be given up and made again, as slow as before
        raise too_slow()

    async def _do(
        self, folder: Path, task: Mapping[str, Any], bounds: Bounds, time: WorkTime | None = None
    ) -> dict[str, Any]:
        """Try in a worker beside others, and alone if the file is too large for that."""
        limits = self._limits
        exclusive = {
            **task,
            "folder": str(folder),
            "bounds": asdict(bounds),
            "cpu_seconds": limits.cpu_seconds,
            "output_bytes": limits.output_bytes,
            "memory_bytes": limits.memory_bytes,
        }
        shared = exclusive | {
            "memory_bytes": min(limits.shared_memory_bytes, limits.memory_bytes),
            "bounds": asdict(replace(bounds, max_shared_pixels=limits.max_shared_pixels)),
        }
        async with self._free, counted(time):
            answer = await self._run(shared, folder)
        if "too_large" in answer:
            async with self._alone(), counted(time):
                answer = await self._run(exclusive, folder)
        return found_in(answer)

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None, None]:
        """Wait until no other worker runs, and let none start."""
        async with self._exclusive:
            taken = 0
            try:
                while taken < self._concurrency:
                    await self._free.acquire()
                    taken += 1
                yield
            finally:
                for _ in range(taken):
                    self._free.release()

    async def _run(self, task: dict[str, Any], folder: Path) -> dict[str, Any]:
        errors = folder / "stderr"
        status, answer = await self._communicate(json.dumps(task).encode(), errors)
        if status == 0:
            return json.loads(answer)
        tail = errors.read_bytes()[-LOGGED_STDERR_BYTES:].decode(errors="replace")
        log.info("worker_failed", task=task["task"], status=status, said=tail)
        if status == -signal.SIGXCPU:
            raise too_slow()
        if status == TOO_SLOW:
            raise WorkerTooSlowError("files cannot be opened now", retry_in=5.0)
        if status in (LATER, -signal.SIGKILL):
            raise UnavailableError("files cannot be opened now", retry_in=5.0)
        raise FileRefusedError("unreadable", "The file is damaged or not what it seems to be.")

    async def _communicate(self, task: bytes, errors: Path) -> tuple[int, bytes]:
        with errors.open("wb") as stderr:
            worker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", WORKER),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env={},
            )
        try:
            answer, _ = await asyncio.wait_for(worker.communicate(task), self._limits.wall_seconds)
        except TimeoutError:
            return TOO_SLOW, b""
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
        return worker.returncode or 0, answer


@asynccontextmanager
async def counted(time: WorkTime | None) -> AsyncGenerator[None, None]:
    """Count the time that passes inside, and refuse the file when none is left."""
    now = asyncio.get_running_loop().time
    limit = asyncio.timeout(time and time.left_seconds)
    begin = now()
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        text = "The files of the attempt take too long to make bare."
        raise FileRefusedError("no_time_left", text) from error
    finally:
        if time:
            time.left_seconds -= now() - begin


def too_slow() -> FileRefusedError:
    return FileRefusedError("too_costly", "The file takes too long to open.")


def found_in(answer: dict[str, Any]) -> dict[str, Any]:
    if refused := answer.get("refused"):
        code, text, params = refused
        raise FileRefusedError(code, text, **params)
    if "too_large" in answer:
        raise FileRefusedError("too_costly", "The file takes too much memory to open.")
    return answer["found"]
