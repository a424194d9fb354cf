"""Describes Postgres on loopback: durable, small, and able to start after a kill."""

import shutil
from functools import partial
from pathlib import Path

import psutil

from comfyfleet.secrets import FleetSecrets
from runtime.embedded.postgres import STOP_SIGNAL, Cluster, cluster_in
from runtime.embedded.programs import postgres_program
from runtime.supervision import pid_file
from runtime.supervision.child import ChildSpec
from runtime.supervision.probe import succeeds

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


def postgres_child(folder: Path, secrets: FleetSecrets, *, port: int) -> ChildSpec:
    """Make the database cluster if there is none, and describe its server."""
    folder.mkdir(exist_ok=True)
    cluster = cluster_in(folder)
    if not (cluster.data / "PG_VERSION").exists():
        create(cluster, secrets.postgres_admin)
    ready = (postgres_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port))
    return ChildSpec(
        name="postgres",
        command=cluster.command({"port": str(port), **SETTINGS}),
        environment=cluster.environment,
        directory=folder,
        is_ready=partial(succeeds, *ready, "-t", "2"),
        url=f"postgresql://127.0.0.1:{port}",
        stop_signal=STOP_SIGNAL,
        stop_seconds=20.0,
        before=partial(end_other_servers, cluster.data),
    )


def create(cluster: Cluster, password: str) -> None:
    words = cluster.folder / "password"
    words.touch(mode=0o600)
    words.write_text(password)
    shutil.chown(words, cluster.folder.stat().st_uid)
    try:
        cluster.create(f"--pwfile={words}", "-A", "scram-sha-256")
    finally:
        words.unlink()


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
