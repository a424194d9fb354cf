"""Remembers a child by process id and start time, because the system reuses process ids."""

import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from runtime.supervision.child import kill_group

# psutil derives start times from the boot time, which moves a little when the clock is set.
SAME_START_SECONDS = 2.0
POLITE_SECONDS = 8.0


def write(path: Path, pid: int, fingerprint: str) -> None:
    """Write the file; a failure (full disk, dead child) only makes a leftover harder to find."""
    with suppress(psutil.NoSuchProcess, OSError):
        path.write_text(f"{pid} {psutil.Process(pid).create_time():.2f} {fingerprint}\n")


def find_process(path: Path, fingerprint: str | None = None) -> psutil.Process | None:
    """Return the process that `path` names, if that same process still lives.

    With a `fingerprint`, only a child that was started in that way is found.
    """
    try:
        pid, started, *known = path.read_text().split()
        process = psutil.Process(int(pid))
        is_same = abs(process.create_time() - float(started)) < SAME_START_SECONDS
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    is_wanted = fingerprint is None or [fingerprint] == known
    return process if is_same and is_wanted and is_alive(process) else None


def is_alive(process: psutil.Process) -> bool:
    """Return whether the process runs; one that only waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_leftovers(folder: Path, keep: Mapping[str, str] | None = None) -> list[str]:
    """End the children of a killed supervisor and return their names.

    `keep` has the fingerprints of children that are to go on, by name. SIGINT goes first: of the
    signals, only SIGINT stops Postgres without waiting for clients.
    """
    ended: list[str] = []
    for path in sorted(folder.glob("*.pid")):
        wanted = (keep or {}).get(path.stem)
        if wanted and find_process(path, wanted):
            continue
        if process := find_process(path):
            end(process)
            ended.append(path.stem)
        path.unlink(missing_ok=True)
    return ended


def end(process: psutil.Process) -> None:
    """Send SIGINT, then SIGTERM, then SIGKILL; what is left of its process group is killed."""
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        for request in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(request)
            with suppress(psutil.TimeoutExpired):
                process.wait(POLITE_SECONDS / 2)
                break
        else:
            process.kill()
            process.wait(POLITE_SECONDS)
    kill_group(process.pid)
