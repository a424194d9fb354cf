"""One child process: what to run, and one life of it."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from comfyfleet.supervise.identity import mortal
from comfyfleet.supervise.logfile import LogFile
from comfyfleet.supervise.probe import Probe

CHUNK = 64 * 1024


async def at_once() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to start one child, when it is ready, and how it likes to be stopped."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    directory: Path | None = None
    is_ready: Probe = at_once
    url: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    before: Callable[[], None] | None = None


async def spawn(spec: ChildSpec, log: LogFile) -> asyncio.subprocess.Process:
    """Start `spec` in a session of its own; everything that it says goes to `log`.

    The pipe is ours and not asyncio's, so that waiting for the child never waits for
    grandchildren that still hold its output.
    """
    if spec.before:
        await asyncio.to_thread(spec.before)
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *spec.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            env=dict(spec.environment),
            cwd=spec.directory,
            start_new_session=True,
            preexec_fn=mortal(spec.stop_signal),
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    pump(reading, log)
    return process


def pump(reading: int, log: LogFile) -> None:
    """Copy what arrives to the log until the last writer is gone."""
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
    """End whatever is left of the child's own process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exited with {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def python(*arguments: str) -> tuple[str, ...]:
    """Name this interpreter: the children live in the same virtual environment."""
    return (sys.executable, *arguments)
