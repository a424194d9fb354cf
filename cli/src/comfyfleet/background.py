"""Starts the supervisor as a daemon and waits until it is ready: `up` without `--foreground`."""

import subprocess
import time

from rich.console import Console

from comfyfleet import CommandError
from comfyfleet.home import Home
from comfyfleet.supervision import state
from comfyfleet.supervision.child import python
from comfyfleet.supervision.log_file import LogFile

READY_SECONDS = 180.0
POLL_SECONDS = 0.1


def start_in_background(home: Home, console: Console) -> None:
    """Return when the fleet is ready; raise `CommandError` if it is not."""
    log = home.logs / "supervisor.log"
    LogFile(log).write(b"--- starting\n")  # rotates a log that has grown
    with log.open("ab") as output:
        process = subprocess.Popen(
            python("-m", "comfyfleet", "up", "--foreground"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_SECONDS
    with console.status("starting") as spinner:
        while time.monotonic() < deadline:
            now = state_of(process.pid, home)
            if now and now.phase == "ready":
                return
            if process.poll() is not None:
                raise CommandError(exit_reason(process, home))
            spinner.update(now.step if now and now.step else "starting")
            time.sleep(POLL_SECONDS)
    process.terminate()
    raise CommandError(f"Not ready within {READY_SECONDS:.0f} s. The log: {log}")


def state_of(pid: int, home: Home) -> state.FleetState | None:
    """Return the state that this supervisor wrote, and not an earlier one's."""
    found = state.load(home.state)
    return found if found and found.pid == pid else None


def exit_reason(process: subprocess.Popen[bytes], home: Home) -> str:
    """Return the problem that the supervisor recorded, else the place of its log."""
    now = state_of(process.pid, home)
    if now and now.problem:
        return now.problem
    log = home.logs / "supervisor.log"
    return f"The supervisor ended with {process.returncode}. The log: {log}"
