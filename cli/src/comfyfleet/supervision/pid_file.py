"""Remembers a child by process id and start time, because the system reuses process ids."""

import signal
from contextlib import suppress
from pathlib import Path

import psutil

# psutil derives start times from the boot time, which moves a little when the clock is set.
SAME_START_SECONDS = 2.0
POLITE_SECONDS = 8.0


def write(path: Path, pid: int) -> None:
    """Write the file; a failure (full disk, dead child) only makes a leftover harder to find."""
    with suppress(psutil.NoSuchProcess, OSError):
        path.write_text(f"{pid} {psutil.Process(pid).create_time():.2f}\n")


def find_process(path: Path) -> psutil.Process | None:
    """Return the process that `path` names, if that same process still lives."""
    try:
        pid, started = path.read_text().split()
        process = psutil.Process(int(pid))
        is_same = abs(process.create_time() - float(started)) < SAME_START_SECONDS
        is_alive = process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return process if is_same and is_alive else None


def end_leftovers(folder: Path) -> list[str]:
    """End the children of a killed supervisor and return their names.

    SIGINT goes first: of the signals, only SIGINT stops Postgres without waiting for clients.
    """
    ended: list[str] = []
    for path in sorted(folder.glob("*.pid")):
        if process := find_process(path):
            end(process)
            ended.append(path.stem)
        path.unlink(missing_ok=True)
    return ended


def end(process: psutil.Process) -> None:
    """Send SIGINT, then SIGTERM, then SIGKILL."""
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        for request in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(request)
            with suppress(psutil.TimeoutExpired):
                process.wait(POLITE_SECONDS / 2)
                return
        process.kill()
        process.wait(POLITE_SECONDS)
