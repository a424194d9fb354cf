"""The work at the files of an attempt is bounded; waiting behind other files does not count."""

import asyncio
from pathlib import Path

import pytest

from media.adapters.sandbox.process import ProcessSandbox, WorkerLimits
from media.domain.inspection import FileRefusedError, WorkTime

LIMITS = WorkerLimits(
    memory_bytes=480 * 1024**2, cpu_seconds=10, wall_seconds=60, in_process_bytes=0
)
FOUND = (
    b'{"found": {"content_type": "video/mp4", "size_bytes": 1, "blake3": "", "is_changed": true}}'
)


class Worker(ProcessSandbox):
    """Has one worker, which ends when it is let go."""

    def __init__(self) -> None:
        super().__init__(LIMITS, concurrency=1)
        self.go = asyncio.Event()

    async def _communicate(self, task: bytes, errors: Path) -> tuple[int, bytes]:  # noqa: ARG002
        await self.go.wait()
        return 0, FOUND


def a_folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    (folder / "source").write_bytes(b"film")
    return folder


async def let_others_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_waiting_behind_other_peoples_files_costs_no_time(tmp_path: Path) -> None:
    worker, time = Worker(), WorkTime(0.0)
    theirs = asyncio.create_task(worker.strip(a_folder(tmp_path, "theirs"), WorkTime(60)))
    await let_others_run()
    mine = asyncio.create_task(worker.strip(a_folder(tmp_path, "mine"), time))
    await let_others_run()
    worker.go.set()
    assert await theirs == await mine


async def test_files_for_which_no_time_is_left_are_refused(tmp_path: Path) -> None:
    worker, time = Worker(), WorkTime(0.0)
    for name in ("first", "second"):
        with pytest.raises(FileRefusedError) as refused:
            await worker.strip(a_folder(tmp_path, name), time)
        assert refused.value.code == "no_time_left"
    assert time.left_seconds < 0
