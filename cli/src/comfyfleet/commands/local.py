"""`up`, `down`, `status`, `logs`, `token`: the fleet on this machine."""

import asyncio
import json
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import psutil
import typer

from comfyfleet import vault
from comfyfleet.background import start_in_background
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connect import home_of, local_url, log_in_locally
from comfyfleet.foreground import Foreground
from comfyfleet.home import Home
from comfyfleet.loopback import check_public
from comfyfleet.problem import CommandError
from comfyfleet.sample import next_steps, run_sample
from comfyfleet.settings import LocalSettings
from comfyfleet.supervise import lock, pidfile, state
from comfyfleet.tables import status_table, terminal
from comfyfleet.tailing import follow_logs, show_logs
from comfyfleet.wellness import unwell

STOP_SECONDS = 60.0

console = terminal()


def up(
    *,
    foreground: Annotated[bool, typer.Option(help="Stay, and stop on Ctrl-C.")] = False,
    sample: Annotated[bool, typer.Option(help="Run one sample job when ready.")] = False,
) -> None:
    """Start the whole fleet on this machine; returns when it is ready."""
    settings = LocalSettings()
    home = home_of(settings)
    check_not_running(home)
    home.prepare()
    home.check_disk()
    check_public(settings.host, settings.port)
    secrets, is_new = vault.open_or_make(
        home.secrets, admin_email=settings.admin_email, admin_password=settings.admin_password
    )
    if is_new:
        console.print(f"Admin account: {secrets.admin_email}, password: {secrets.admin_password}")
        console.print(f"(shown this once; kept in {home.secrets})")
    if foreground or sample:
        when_ready = partial(show_sample, home.path / "sample") if sample else None
        Foreground(settings, home, secrets, when_ready).run()
    else:
        start_in_background(home, console)
        status()


def show_sample(folder: Path, url: str, is_stopping: Callable[[], bool]) -> None:
    """Run the sample job; a fleet whose sample fails still runs, and says why."""
    console.print("Running a first job …")
    try:
        client = FleetClient(url)
        log_in_locally(client)
        path = run_sample(client, folder)
    except CommandError as error:
        if is_stopping():
            return
        console.print(f"The sample job did not work: {error}", markup=False, soft_wrap=True)
        return
    console.print(f"First picture: {path}", soft_wrap=True)
    console.print(next_steps(url), markup=False, soft_wrap=True)


def check_not_running(home: Home) -> None:
    pid = lock.holder(home.lock)
    if pid is not None:
        running = state.load(home.state)
        where = f" on {running.url}" if running else ""
        raise CommandError(
            f"ComfyFleet already runs{where} (process {pid}). `comfyfleet status` shows it, "
            "`comfyfleet down` stops it."
        )


def down() -> None:
    """Stop the fleet; data, secrets and logs stay."""
    home = home_of(LocalSettings())
    pid = lock.holder(home.lock)
    if pid is None:
        ended = pidfile.end_leftovers(home.run) if home.run.exists() else []
        console.print(f"Ended leftovers: {', '.join(ended)}." if ended else "Nothing was running.")
        return
    with suppress(psutil.NoSuchProcess):
        supervisor = psutil.Process(pid)
        supervisor.send_signal(signal.SIGTERM)
        try:
            supervisor.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            supervisor.kill()
            pidfile.end_leftovers(home.run)
    console.print("Stopped.")


def status() -> None:
    """Show what runs, since when, and where."""
    home = home_of(LocalSettings())
    running = state.load(home.state)
    if lock.holder(home.lock) is None or running is None:
        if running and running.problem:
            console.print(f"The last start failed: {running.problem}", markup=False)
        console.print("No fleet runs here. Start one with `comfyfleet up`.")
        raise typer.Exit(1)
    troubles = asyncio.run(unwell(running.children, json.loads(home.ports.read_text())))
    console.print(status_table(running, troubles))
    console.print(f"GPU servers: {running.engines}", markup=False)
    console.print(f"Logs: {home.logs}", markup=False, soft_wrap=True)


def logs(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all by default.")] = None,
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as they grow.")] = False,
    lines: Annotated[int, typer.Option("-n", min=0, max=10_000)] = 20,
) -> None:
    """Show the newest log lines of the fleet's processes."""
    paths = chosen_logs(home_of(LocalSettings()).logs, names or [])
    show_logs(paths, lines, console)
    if follow:
        with suppress(KeyboardInterrupt):
            follow_logs(paths, console, pause=lambda: time.sleep(0.3))


def chosen_logs(folder: Path, names: list[str]) -> list[Path]:
    known = {path.stem: path for path in sorted(folder.glob("*.log"))}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(
            f"There is no log of {', '.join(unknown)}. There are: {', '.join(known) or 'none yet'}."
        )
    return [known[name] for name in names] if names else list(known.values())


def token() -> None:
    """Print an access token of the local fleet's admin."""
    print(log_in_locally(FleetClient(local_url())))
