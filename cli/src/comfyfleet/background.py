"""`up` without `--foreground`: the supervisor as a daemon, watched until it is ready."""

import subprocess
import time

from rich.console import Console

from comfyfleet.home import Home
from comfyfleet.problem import CommandError
from comfyfleet.supervise import state
from comfyfleet.supervise.child import python
from comfyfleet.supervise.logfile import LogFile

READY_SECONDS = 180.0
POLL_SECONDS = 0.1


def start_in_background(home: Home, console: Console) -> None:
    """Return when the fleet is ready; say in one sentence why it is not."""
    log = home.logs / "supervisor.log"
    LogFile(log).write(b"--- starting\n")  # rotates it, should it have grown
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
                raise CommandError(why_it_ended(process, home))
            spinner.update(now.step if now and now.step else "starting")
            time.sleep(POLL_SECONDS)
    process.terminate()
    raise CommandError(f"Not ready within {READY_SECONDS:.0f} s. The whole story: {log}")


def state_of(pid: int, home: Home) -> state.FleetState | None:
    """What this supervisor wrote, and not one before it."""
    found = state.load(home.state)
    return found if found and found.pid == pid else None


def why_it_ended(process: subprocess.Popen[bytes], home: Home) -> str:
    """The problem that it noted; else where to look."""
    now = state_of(process.pid, home)
    if now and now.problem:
        return now.problem
    log = home.logs / "supervisor.log"
    return f"The supervisor ended with {process.returncode}. The whole story: {log}"
