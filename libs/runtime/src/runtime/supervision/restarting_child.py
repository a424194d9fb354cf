"""Runs one child and starts it again whenever it dies, after a growing delay."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import SubprocessError

from runtime.supervision import pid_file
from runtime.supervision.adopted import adopt
from runtime.supervision.child import ChildSpec, Process, describe_exit, kill_group, spawn
from runtime.supervision.child_state import ChildPhase, ChildState
from runtime.supervision.log_file import LogFile, last_words
from runtime.wait import wait_for

HOPELESS_DEATHS = 5
PROBE_SECONDS = 0.1
LOG_SECONDS = 1.0
WATCH_SECONDS = 1.0
LONGEST_LOOK_SECONDS = 5.0
"""A look that takes longer tells that this process stood still, and nothing about the child."""
SECOND_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
HEALTHY_SECONDS = 10.0
"""A child that was ready for so long does not die of its start."""


class HopelessError(Exception):
    """The child died so often before it was ready that no further restart would help."""


@dataclass(slots=True)
class RestartDelay:
    """At once, then 0.5 s, 1 s, 2 s … 30 s; a life with ten seconds of work resets it.

    Only a child that dies again and again at its start has to be held back. After any other death
    callers wait for it.
    """

    deaths_in_a_row: int = 0

    def after(self, ready_seconds: float) -> float:
        """Count one more death and return the seconds to wait."""
        if ready_seconds >= HEALTHY_SECONDS:
            self.deaths_in_a_row = 0
        self.deaths_in_a_row += 1
        if self.deaths_in_a_row == 1:
            return 0.0
        # The exponent is capped too: 2.0 ** 1100 is an OverflowError.
        doubled = SECOND_DELAY_SECONDS * 2.0 ** min(self.deaths_in_a_row - 2, 16)
        return min(doubled, LONGEST_DELAY_SECONDS)


class RestartingChild:
    """Restarts `spec` whenever it dies; `state` is its present state.

    `first_ready` resolves once the child was ready, and raises HopelessError if the child dies
    `HOPELESS_DEATHS` times before that.
    """

    def __init__(
        self, spec: ChildSpec, *, run_folder: Path, logs: Path, changed: Callable[[], None]
    ) -> None:
        self.spec = spec
        self.state = ChildState(
            name=spec.name, phase="starting", since=datetime.now(UTC), url=spec.url
        )
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first_ready.add_done_callback(note_error)
        self.log_path = logs / f"{spec.name}.log"
        self.restart_at: float | None = None
        """When a dead child is started again, in monotonic seconds."""
        self.was_adopted = False
        """The present process was found running, so it has lived for longer than this object."""
        self._log = LogFile(self.log_path)
        self._pid_path = run_folder / f"{spec.name}.pid"
        self._changed = changed
        self._stop = asyncio.Event()
        self._restarting: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._ready_at: float | None = None
        self._silence: str | None = None
        """Set if the present process was killed because it did not answer."""
        self._delay = RestartDelay()

    async def run(self) -> None:
        while not self._stop.is_set():
            self._ready_at = None
            note = await self._run_once()
            if self._stop.is_set():
                break
            if self._restarting:
                await self._restarting
                self._restarting = None
                continue
            await self._wait_to_restart(note, self._delay.after(self._ready_seconds))
        self._enter("stopped")
        self._log.close()

    @property
    def _ready_seconds(self) -> float:
        return 0.0 if self._ready_at is None else time.monotonic() - self._ready_at

    def restart(self) -> None:
        """Stop a running child and start it again at once, which counts as no death."""
        if self._process and not self._restarting:
            self._enter("stopping", note=self.state.note)
            self._send_stop()
            self._restarting = asyncio.create_task(self._kill_late(self._process))

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

    async def _wait_to_restart(self, note: str, seconds: float) -> None:
        self.restart_at = time.monotonic() + seconds
        self._enter("waiting", note=note)
        self._fail_if_hopeless(note)
        await wait_for(self._stop, seconds)
        self.restart_at = None
        self.state.restarts += 1

    async def _run_once(self) -> str:
        """Run the child once, from start to end; return how it ended."""
        self._enter("starting", note=self.state.note)
        self._silence = None
        try:
            self._process = process = await self._found_or_started()
        except (OSError, SubprocessError) as error:
            return f"cannot be started: {error}"
        self.state.pid = process.pid
        if self._stop.is_set():
            self._send_stop()
        work = (self._watch_ready(), self._kill_if_silent(process), self._tend_log())
        beside = [asyncio.create_task(one) for one in work]
        code = await process.wait()
        for task in beside:
            task.cancel()
        kill_group(process.pid)
        self._process = self.state.pid = None
        self._pid_path.unlink(missing_ok=True)
        return self._silence or describe_exit(code)

    async def _found_or_started(self) -> Process:
        """Return the child that an earlier parent left, if it may outlive one; else a new one."""
        found = adopt(self._pid_path, self.spec) if self.spec.outlives_parent else None
        self.was_adopted = found is not None
        if found:
            return found
        process = await spawn(self.spec, self._log)
        pid_file.write(self._pid_path, process.pid, self.spec.fingerprint)
        return process

    async def _watch_ready(self) -> None:
        while True:
            if await self.spec.is_ready():
                break
            await asyncio.sleep(PROBE_SECONDS)
        self._ready_at = time.monotonic()
        if not self._stop.is_set() and not self._restarting:
            self._enter("ready", note=self.state.note)
        if not self.first_ready.done():
            self.first_ready.set_result(None)

    async def _kill_if_silent(self, process: Process) -> None:
        """Kill a child that has not answered for `silent_seconds`, be it at its start or later."""
        limit, silent_seconds = self.spec.silent_seconds, 0.0
        if limit is None:
            return
        while silent_seconds <= limit:
            began = time.monotonic()
            await asyncio.sleep(min(WATCH_SECONDS, limit))
            if await self.spec.is_ready():
                silent_seconds = 0.0
            else:
                silent_seconds += min(time.monotonic() - began, LONGEST_LOOK_SECONDS)
        self._silence = f"did not answer for {limit:g} s"
        kill_group(process.pid)

    async def _tend_log(self) -> None:
        """Keep a log small that the child writes by itself."""
        while self.spec.outlives_parent:
            await asyncio.to_thread(self._log.move_aside_if_full)
            await asyncio.sleep(LOG_SECONDS)

    async def _kill_late(self, process: Process) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.spec.stop_seconds):
                await process.wait()
        kill_group(process.pid)

    def _send_stop(self) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(self.spec.stop_signal)

    def _fail_if_hopeless(self, note: str) -> None:
        if self._delay.deaths_in_a_row >= HOPELESS_DEATHS and not self.first_ready.done():
            self.first_ready.set_exception(
                HopelessError(
                    f"{self.spec.name} cannot start ({note}). Its last words: "
                    f"“{last_words(self.log_path)}”. The log: {self.log_path}"
                )
            )

    def _enter(self, phase: ChildPhase, *, note: str | None = None) -> None:
        self.state.enter(phase, note=note)
        self._changed()


def note_error(future: asyncio.Future[None]) -> None:
    """Take the error, so that asyncio does not complain where nobody waits for `first_ready`."""
    if not future.cancelled():
        future.exception()
