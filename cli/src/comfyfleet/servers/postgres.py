"""Describes Postgres on loopback: durable, small, and able to start after a kill."""

import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil

from comfyfleet import CommandError
from comfyfleet.secrets import FleetSecrets
from comfyfleet.supervision import pid_file
from comfyfleet.supervision.child import ChildSpec
from comfyfleet.supervision.probe import succeeds
from comfyfleet.supervision.user import NOBODY, Way, as_other_user
from runtime.embedded import postgres_program

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "256MB",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "autovacuum_max_workers": "1",
    "jit": "off",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
INITDB_SECONDS = 90
STOP_SIGNAL = signal.SIGINT
"""Postgres' fast shutdown, which does not wait for clients to leave."""


def postgres_child(folder: Path, secrets: FleetSecrets, *, port: int) -> ChildSpec:
    """Make the database cluster if there is none, and describe its server."""
    folder.mkdir(exist_ok=True)
    prefix = user_prefix(folder)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        make_cluster(folder, secrets.postgres_admin, prefix)
    options = [part for item in SETTINGS.items() for part in ("-c", "=".join(item))]
    server = (postgres_program("postgres"), "-D", str(data), "-p", str(port))
    ready = (postgres_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port))
    return ChildSpec(
        name="postgres",
        command=(*prefix, *server, *options),
        environment=plain_environment(folder),
        directory=folder,
        is_ready=partial(succeeds, *ready, "-t", "2"),
        url=f"postgresql://127.0.0.1:{port}",
        stop_signal=STOP_SIGNAL,
        stop_seconds=20.0,
        before=partial(end_other_servers, data),
    )


def plain_environment(folder: Path) -> dict[str, str]:
    """Return an environment of its own: the user's PGDATA or locale could break Postgres."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(folder), "TZ": "UTC"}


def make_cluster(folder: Path, password: str, prefix: tuple[str, ...]) -> None:
    """Run initdb in a draft folder, so that a failure leaves no half-made cluster."""
    draft, words = folder / "data.new", folder / "password"
    shutil.rmtree(draft, ignore_errors=True)
    words.touch(mode=0o600)
    words.write_text(password)
    shutil.chown(words, folder.stat().st_uid)
    command = [*prefix, postgres_program("initdb"), "-D", str(draft), "-U", "postgres"]
    command += [f"--pwfile={words}", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]
    try:
        subprocess.run(
            [*command, "--no-instructions"],
            check=True,
            capture_output=True,
            text=True,
            cwd=folder,
            env=plain_environment(folder),
            timeout=INITDB_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        reason = str(error.stderr).strip().splitlines()[-1:]
        raise CommandError(f"Postgres cannot make its files in {folder}: {reason}") from error
    finally:
        words.unlink()
    draft.rename(folder / "data")


def end_other_servers(data: Path) -> None:
    """End every other server on these files, then delete the lock file.

    After a kill, the process id in the lock file may belong to another program, and Postgres
    would refuse to start for ever.
    """
    for process in psutil.process_iter():
        try:
            is_ours = process.name() == "postgres" and process.cwd() == str(data.resolve())
        except psutil.Error:
            continue
        if is_ours:
            pid_file.end(process)
    (data / "postmaster.pid").unlink(missing_ok=True)


def user_prefix(folder: Path) -> tuple[str, ...]:
    """Return words to put before Postgres' commands; none unless this process is root."""
    if os.geteuid() != 0:
        return ()
    ways: list[tuple[Way, int]] = [("nobody", NOBODY)]
    if sys.platform == "linux":
        ways.insert(0, ("namespace", 0))
    for way, owner in ways:
        own(folder, owner)
        prefix = as_other_user(way, STOP_SIGNAL)
        if works(prefix, folder):
            return prefix
    raise CommandError(
        "Postgres refuses to run as root, and no other user can reach "
        f"{folder} or the virtual environment. Run ComfyFleet as an ordinary user, or from a "
        "folder that others may enter."
    )


def own(folder: Path, owner: int) -> None:
    """Give the files to `owner`: the last start may have used another."""
    if folder.stat().st_uid != owner:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)


def works(prefix: tuple[str, ...], folder: Path) -> bool:
    """Return whether Postgres starts as that user and can write into its folder."""
    check = 'test -w "$0" && exec "$1" --version'
    command = ["/bin/sh", "-c", check, str(folder), postgres_program("postgres")]
    try:
        done = subprocess.run([*prefix, *command], check=False, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
