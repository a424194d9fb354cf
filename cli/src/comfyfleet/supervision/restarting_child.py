"""Runs one child and starts it again whenever it dies, after a growing delay."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import SubprocessError

from comfyfleet import CommandError
from comfyfleet.supervision import pid_file
from comfyfleet.supervision.child import ChildSpec, describe_exit, kill_group, spawn
from comfyfleet.supervision.log_file import LogFile, last_words
from comfyfleet.supervision.state import ChildPhase, ChildState
from runtime.wait import wait_for

HOPELESS_DEATHS = 4
PROBE_SECONDS = 0.1
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
HEALTHY_SECONDS = 60.0


@dataclass(slots=True)
class RestartDelay:
    """0.5 s, 1 s, 2 s … 30 s; a life of a minute or more resets it."""

    deaths_in_a_row: int = 0

    def after(self, lived_seconds: float) -> float:
        """Count one more death and return the seconds to wait."""
        if lived_seconds >= HEALTHY_SECONDS:
            self.deaths_in_a_row = 0
        self.deaths_in_a_row += 1
        # The exponent is capped too: 2.0 ** 1100 is an OverflowError.
        doubled = FIRST_DELAY_SECONDS * 2.0 ** min(self.deaths_in_a_row - 1, 16)
        return min(doubled, LONGEST_DELAY_SECONDS)


class RestartingChild:
    """Restarts `spec` whenever it dies; `state` is its present state.

    `first_ready` resolves once the child was ready, and fails if the child dies
    `HOPELESS_DEATHS` times before that: no further restart would help.
    """

    def __init__(
        self, spec: ChildSpec, *, run_folder: Path, logs: Path, changed: Callable[[], None]
    ) -> None:
        self.spec = spec
        self.state = ChildState(name=spec.name, phase="starting", since=now(), url=spec.url)
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.log_path = logs / f"{spec.name}.log"
        self._log = LogFile(self.log_path)
        self._pid_path = run_folder / f"{spec.name}.pid"
        self._changed = changed
        self._stop = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._delay = RestartDelay()

    async def run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            note = await self._run_once()
            if self._stop.is_set():
                break
            wait = self._delay.after(time.monotonic() - began)
            self._enter("waiting", note=note)
            self._fail_if_hopeless(note)
            await wait_for(self._stop, wait)
            self.state.restarts += 1
        self._enter("stopped")
        self._log.close()

    async def stop(self, running: asyncio.Task[None]) -> None:
        """Ask the child to stop, kill it after `stop_seconds`, and wait until it is gone."""
        self._stop.set()
        if self.state.phase != "stopped":
            self._enter("stopping")
        self._send_stop()
        _, late = await asyncio.wait({running}, timeout=self.spec.stop_seconds)
        if late and self._process:
            kill_group(self._process.pid)
        await running

    async def _run_once(self) -> str:
        """Run the child once, from start to end; return how it ended."""
        self._enter("starting", note=self.state.note)
        try:
            self._process = process = await spawn(self.spec, self._log)
        except (OSError, SubprocessError) as error:
            return f"cannot be started: {error}"
        pid_file.write(self._pid_path, process.pid)
        self.state.pid = process.pid
        if self._stop.is_set():
            self._send_stop()
        watching = asyncio.create_task(self._watch_ready())
        code = await process.wait()
        watching.cancel()
        kill_group(process.pid)
        self._process = self.state.pid = None
        self._pid_path.unlink(missing_ok=True)
        return describe_exit(code)

    async def _watch_ready(self) -> None:
        while True:
            if await self.spec.is_ready():
                break
            await asyncio.sleep(PROBE_SECONDS)
        if not self._stop.is_set():
            self._enter("ready", note=self.state.note)
        if not self.first_ready.done():
            self.first_ready.set_result(None)

    def _send_stop(self) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(self.spec.stop_signal)

    def _fail_if_hopeless(self, note: str) -> None:
        if self._delay.deaths_in_a_row >= HOPELESS_DEATHS and not self.first_ready.done():
            self.first_ready.set_exception(
                CommandError(
                    f"{self.spec.name} cannot start ({note}). Its last words: "
                    f"“{last_words(self.log_path)}”. The log: {self.log_path}"
                )
            )

    def _enter(self, phase: ChildPhase, *, note: str | None = None) -> None:
        self.state.phase, self.state.since, self.state.note = phase, now(), note
        self._changed()


def now() -> datetime:
    return datetime.now(UTC)
