"""Gives a local fleet its administrator back, which auth does whenever it starts."""

import os
import signal
import time
from contextlib import closing, suppress

from comfyfleet import CommandError, secrets
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import home_of
from comfyfleet.settings import LocalSettings
from comfyfleet.supervision import state
from runtime.supervision import lock
from runtime.supervision.child_state import ChildState

AUTH = "auth"
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.2


def run() -> str:
    """Restart auth and log in as the administrator; return what to tell. Raises CommandError."""
    home = home_of(LocalSettings())
    found, fleet = secrets.load(home.secrets), running()
    if not found or not fleet:
        raise CommandError(
            f"No fleet runs in {home.path}. `comfyfleet up` starts it, and gives its administrator "
            "back by itself."
        )
    restart_auth()
    with closing(FleetClient(fleet.url)) as client:
        client.log_in(found.admin_email, found.admin_password)
    return f"{found.admin_email} is an administrator with the password {found.admin_password}"


def running() -> state.FleetState | None:
    home = home_of(LocalSettings())
    return state.load(home.state) if lock.holder(home.lock) is not None else None


def restart_auth() -> None:
    """End the process of auth; the supervisor starts it again. Wait until it is ready."""
    before = auth_process()
    if before and before.pid:
        with suppress(ProcessLookupError):
            os.kill(before.pid, signal.SIGTERM)
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        now = auth_process()
        if now and now.phase == "ready" and (not before or now.pid != before.pid):
            return
        time.sleep(POLL_SECONDS)
    raise CommandError("auth did not start again; see `comfyfleet logs auth`.")


def auth_process() -> ChildState | None:
    fleet = running()
    return next((child for child in fleet.children if child.name == AUTH), None) if fleet else None
