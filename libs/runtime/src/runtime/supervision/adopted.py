"""Watches a child that an earlier parent started and left running when it was killed."""

import asyncio
import os
import signal
from pathlib import Path

import psutil

from runtime.supervision import pid_file
from runtime.supervision.child import ChildSpec

LOOK_SECONDS = 0.2


class AdoptedProcess:
    """A running process that is no child of this one, so the system does not tell how it ends."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.pid = process.pid
        self.returncode: int | None = None

    async def wait(self) -> int | None:
        """Return None once the process is gone: its exit code is known to nobody."""
        while pid_file.is_alive(self._process):  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(LOOK_SECONDS)
        return None

    def send_signal(self, request: signal.Signals) -> None:
        if not pid_file.is_alive(self._process):
            raise ProcessLookupError
        os.kill(self.pid, request)


def adopt(path: Path, spec: ChildSpec) -> AdoptedProcess | None:
    """Return the process that the pid file names, if it was started as `spec` says."""
    process = pid_file.find_process(path, spec.fingerprint)
    return AdoptedProcess(process) if process else None
