"""Files are inspected by short-lived worker processes, a few at a time."""

import asyncio
import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from contracts.errors import UnavailableError
from media.domain.inspection import Finding, Order, RefusedError

log = structlog.get_logger()

WORKER = "media.adapters.pixels.worker"
LATER = 75  # EX_TEMPFAIL of sysexits.h: the disk, not the file
STDERR_SHOWN = 400


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one inspection may use."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    output_bytes: int = 512 * 1024**2


class ProcessInspector:
    """Inspects each file in a process of its own, killed when it takes too long."""

    def __init__(self, limits: WorkerLimits, at_once: int) -> None:
        self._limits = limits
        self._free = asyncio.Semaphore(at_once)

    async def inspect(self, source: Path, target: Path, order: Order) -> Finding:
        """Return what to keep. Raises Refused, or Unavailable if it was not the file's fault."""
        async with self._free:
            status, answer = await self._run(self._job(source, target, order), source.parent)
        if status == 0:
            return read(answer)
        if status == -signal.SIGXCPU:
            raise RefusedError("too_costly", "The file takes too long to open.")
        if status in (LATER, -signal.SIGKILL):
            raise UnavailableError("files cannot be inspected now", retry_in=5.0)
        raise RefusedError("unreadable", "The file is damaged or not what it seems to be.")

    def _job(self, source: Path, target: Path, order: Order) -> bytes:
        limits = self._limits
        job = {
            "source": str(source),
            "target": str(target),
            "order": asdict(order),
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "output_bytes": limits.output_bytes,
        }
        return json.dumps(job).encode()

    async def _run(self, job: bytes, folder: Path) -> tuple[int, bytes]:
        said = folder / "stderr"
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
        status = worker.returncode or 0
        if status:
            tail = said.read_bytes()[-STDERR_SHOWN:].decode(errors="replace")
            log.info("inspection_failed", status=status, said=tail)
        return status, answer


def read(answer: bytes) -> Finding:
    message: dict[str, Any] = json.loads(answer)
    if refused := message.get("refused"):
        code, text, params = refused
        raise RefusedError(code, text, **params)
    return Finding(**message["finding"])
