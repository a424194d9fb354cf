"""Keeps one child alive until told to stop."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from subprocess import SubprocessError

from comfyfleet.problem import CommandError
from comfyfleet.supervise import pidfile
from comfyfleet.supervise.backoff import Backoff
from comfyfleet.supervise.child import ChildSpec, how_it_ended, kill_group, spawn
from comfyfleet.supervise.logfile import LogFile, last_lines
from comfyfleet.supervise.state import ChildPhase, ChildState

HOPELESS_DEATHS = 4
PROBE_SECONDS = 0.1


class Keeper:
    """Starts `spec` again whenever it dies; `state` is what it is now.

    `first_ready` resolves once it was ready, and fails if it dies `HOPELESS_DEATHS` times
    before that: then something is wrong that no restart mends.
    """

    def __init__(
        self, spec: ChildSpec, *, run: Path, logs: Path, changed: Callable[[], None]
    ) -> None:
        self.spec = spec
        self.state = ChildState(name=spec.name, phase="starting", since=now(), url=spec.url)
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.log_path = logs / f"{spec.name}.log"
        self._log = LogFile(self.log_path)
        self._pidfile = run / f"{spec.name}.pid"
        self._changed = changed
        self._stop = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._backoff = Backoff()

    async def keep(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            note = await self._live()
            if self._stop.is_set():
                break
            wait = self._backoff.after(time.monotonic() - began)
            self._enter("waiting", note=note)
            self._give_up_if_hopeless(note)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), wait)
            self.state.restarts += 1
        self._enter("stopped")
        self._log.close()

    async def stop(self, keeping: asyncio.Task[None]) -> None:
        """Ask the child to end, insist after its grace, and wait until it is gone."""
        self._stop.set()
        if self.state.phase != "stopped":
            self._enter("stopping")
        self._send_stop()
        _, late = await asyncio.wait({keeping}, timeout=self.spec.stop_seconds)
        if late and self._process:
            kill_group(self._process.pid)
        await keeping

    def last_words(self) -> str:
        words = [line for line in last_lines(self.log_path, 5) if line.strip()]
        return words[-1].strip()[:300] if words else "nothing"

    async def _live(self) -> str:
        """One life of the child, from spawn to death; returns how it ended."""
        self._enter("starting", note=self.state.note)
        try:
            self._process = process = await spawn(self.spec, self._log)
        except (OSError, SubprocessError) as error:
            return f"cannot be started: {error}"
        pidfile.write(self._pidfile, process.pid)
        self.state.pid = process.pid
        if self._stop.is_set():
            self._send_stop()
        watching = asyncio.create_task(self._watch_ready())
        code = await process.wait()
        watching.cancel()
        kill_group(process.pid)
        self._process = self.state.pid = None
        self._pidfile.unlink(missing_ok=True)
        return how_it_ended(code)

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

    def _give_up_if_hopeless(self, note: str) -> None:
        if self._backoff.deaths_in_a_row >= HOPELESS_DEATHS and not self.first_ready.done():
            self.first_ready.set_exception(
                CommandError(
                    f"{self.spec.name} cannot start ({note}). Its last words: "
                    f"“{self.last_words()}”. The whole story: {self.log_path}"
                )
            )

    def _enter(self, phase: ChildPhase, *, note: str | None = None) -> None:
        self.state.phase, self.state.since, self.state.note = phase, now(), note
        self._changed()


def now() -> datetime:
    return datetime.now(UTC)
