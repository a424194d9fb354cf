"""Starts the supervisor as a daemon and waits until it is ready: `up` without `--foreground`."""

import subprocess
import time

from rich.console import Console
from rich.text import Text

from comfyfleet import CommandError
from comfyfleet.home import Home
from comfyfleet.supervision import state
from runtime.supervision.child import python
from runtime.supervision.log_file import LogFile

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
            code = process.poll()
            found = state.load(home.state)
            now = found if found and found.pid == process.pid else None  # not an earlier one's
            if now and now.phase == "ready":
                return
            if code is not None:
                known = now.problem if now else None
                raise CommandError(known or f"The supervisor ended with {code}. The log: {log}")
            spinner.update(Text(now.step if now and now.step else "starting"))
            time.sleep(POLL_SECONDS)
    process.terminate()
    raise CommandError(f"Not ready within {READY_SECONDS:.0f} s. The log: {log}")
