"""`up`, `down`, `status`, `logs`, `token`: commands for the fleet on this machine."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import psutil
import typer

from comfyfleet import CommandError, secrets, tcp_ports
from comfyfleet.background import start_in_background
from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import home_of, local_url, log_in_locally
from comfyfleet.health import failing_children
from comfyfleet.home import Home
from comfyfleet.logs import follow_logs, print_logs
from comfyfleet.settings import LocalSettings
from comfyfleet.supervision import state
from comfyfleet.tables import console, say, status_table
from runtime.supervision import lock, pid_file

STOP_SECONDS = 60.0


def up(
    *,
    foreground: Annotated[
        bool, typer.Option(help="Stay in the foreground and stop on Ctrl-C.")
    ] = False,
    sample: Annotated[
        bool, typer.Option(help="Run one sample job when ready; implies --foreground.")
    ] = False,
) -> None:
    """Start the whole fleet on this machine and return when it is ready."""
    settings = LocalSettings()
    home = home_of(settings)
    check_not_running(home)
    home.prepare()
    home.check_disk()
    tcp_ports.check_public(settings.host, settings.port)
    known, is_new = secrets.open_or_make(
        home.secrets, admin_email=settings.admin_email, admin_password=settings.admin_password
    )
    if is_new:
        console.print(f"Admin account: {known.admin_email}, password: {known.admin_password}")
        console.print(f"(shown only once; kept in {home.secrets})")
    if foreground or sample:
        from comfyfleet.foreground import Foreground  # noqa: PLC0415 - loads every message

        when_ready = partial(print_sample, home.path / "sample") if sample else None
        Foreground(settings, home, known, when_ready).run()
    else:
        start_in_background(home, console)
        status()


def print_sample(folder: Path, url: str, is_stopping: Callable[[], bool]) -> None:
    """Run the sample job; if it fails, print the reason and leave the fleet running."""
    from comfyfleet.sample import next_steps, run_sample  # noqa: PLC0415 - loads Pillow

    console.print("Running a first job …")
    try:
        client = FleetClient(url)
        log_in_locally(client)
        path = run_sample(client, folder, say)
    except CommandError as error:
        if is_stopping():
            return
        say(f"The sample job did not work: {error}")
    else:
        console.print(f"First picture: {path}", soft_wrap=True)
    say(next_steps(url))


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
    """Stop the fleet; data, secrets and logs are kept."""
    home = home_of(LocalSettings())
    pid = lock.holder(home.lock)
    if pid is None:
        ended = pid_file.end_leftovers(home.run) if home.run.exists() else []
        console.print(f"Ended leftovers: {', '.join(ended)}." if ended else "Nothing was running.")
        return
    with suppress(psutil.NoSuchProcess):
        supervisor = psutil.Process(pid)
        supervisor.send_signal(signal.SIGTERM)
        try:
            supervisor.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            supervisor.kill()
            pid_file.end_leftovers(home.run)
    console.print("Stopped.")


def status() -> None:
    """Show each process: state, restarts, memory and address."""
    home = home_of(LocalSettings())
    running = state.load(home.state)
    if lock.holder(home.lock) is None or running is None:
        if running and running.problem:
            console.print(f"The last start failed: {running.problem}", markup=False)
        say(f"No fleet runs in {home.path}. Start one with `comfyfleet up`.")
        raise typer.Exit(1)
    problems = asyncio.run(failing_children(running.children, tcp_ports.load(home.ports)))
    console.print(status_table(running, problems))
    console.print(f"GPU servers: {running.engines}", markup=False)
    say(f"Logs: {home.logs}")


def logs(
    names: Annotated[list[str] | None, typer.Argument(help="Processes; all by default.")] = None,
    *,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Print new lines as they come.")
    ] = False,
    lines: Annotated[int, typer.Option("-n", min=0, max=10_000, help="Lines of each log.")] = 20,
) -> None:
    """Show the newest log lines of the fleet's processes."""
    paths = chosen_logs(home_of(LocalSettings()).logs, names or [])
    print_logs(paths, lines, console)
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
