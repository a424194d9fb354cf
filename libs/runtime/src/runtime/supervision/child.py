"""Describes a child process and starts it, with its output going to a log."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runtime.embedded.user import die_with_parent
from runtime.supervision.log_file import LogFile
from runtime.supervision.probe import Probe

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """The ways to start a child, to see that it is ready, and to stop it."""

    name: str
    command: tuple[str, ...]
    is_ready: Probe
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    directory: Path | None = None
    url: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    before: Callable[[], None] | None = None
    """Runs in a thread before each start. Raises OSError if the child cannot be started now."""
    silent_seconds: float | None = None
    """A child that does not answer `is_ready` for so long, at its start or later, is killed."""
    outlives_parent: bool = False
    """A parent that is killed leaves the child running, and the next parent adopts it."""
    fingerprint: str = "child"
    """A word that changes when a child that runs must not be adopted under these settings."""


class Process(Protocol):
    """A running child."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int | None:
        """Return the exit code; None if it cannot be known."""
        ...

    def send_signal(self, signal: signal.Signals, /) -> None: ...


async def spawn(spec: ChildSpec, log: LogFile) -> Process:
    """Start `spec` in a session of its own; its output goes to `log`.

    The pipe is not asyncio's, because asyncio would wait for grandchildren that still hold
    the output after the child has ended. A child that outlives its parent writes into the log
    itself: a pipe would break with the parent.
    """
    if spec.before:
        await asyncio.to_thread(spec.before)
    if spec.outlives_parent:
        with log.path.open("ab") as output:
            return await start(spec, output.fileno(), None)
    reading, writing = os.pipe()
    try:
        process = await start(spec, writing, die_with_parent(spec.stop_signal))
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    copy_output(reading, log)
    return process


async def start(
    spec: ChildSpec, output: int, after_fork: Callable[[], None] | None
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *spec.command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=dict(spec.environment),
        cwd=spec.directory,
        start_new_session=True,
        preexec_fn=after_fork,
    )


def copy_output(reading: int, log: LogFile) -> None:
    """Copy output to the log until the last writer has closed it."""
    os.set_blocking(reading, False)
    loop = asyncio.get_running_loop()

    def copy() -> None:
        with suppress(BlockingIOError):
            if chunk := os.read(reading, CHUNK):
                log.write(chunk)
                return
            loop.remove_reader(reading)
            os.close(reading)

    loop.add_reader(reading, copy)


def kill_group(pid: int) -> None:
    """Kill what is left of the child's process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def describe_exit(code: int | None) -> str:
    if code is None:
        return "ended"
    if code >= 0:
        return f"exited with {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def python(*arguments: str) -> tuple[str, ...]:
    """Return a command for this interpreter, so that children use the same virtual environment."""
    return (sys.executable, *arguments)
