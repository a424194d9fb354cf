"""Starts a throw-away Postgres from the wheel."""

import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from contracts.services import ServiceName
from runtime.embedded.postgres import Cluster, cluster_in
from runtime.postgres.migrations import upgrade
from runtime.postgres.roles import PACKAGES, role_url
from runtime.provision import ensure_role
from runtime.testing.ports import free_port, wait_for_port, wait_until

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
"""Nothing of it outlives its server, and no test is long enough to need a vacuum: a copy of a
database costs a third of what it costs with the usual settings (measured)."""

CLOCK_JUMPED_AHEAD = """UPDATE retention_clock
    SET seen_at = seen_at - interval '2 years', trusted_at = trusted_at - interval '2 years'"""
"""Makes the clock be ahead of the row of its last reading."""
PASSWORD = secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    port: int
    templates: dict[tuple[ServiceName, str], str] = field(
        default_factory=dict[tuple[ServiceName, str], str], repr=False
    )
    """Migrated databases by service and revision; nothing but their copies is used."""

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    async def database_for(self, service: ServiceName, revision: str = "head") -> str:
        """Create a database with the service's role and schema at `revision`; return its URL.

        It is a copy of one that was migrated once: four times as fast as to migrate each.
        """
        kind = service, revision
        if kind not in self.templates:
            self.templates[kind] = await self.migrated(service, revision)
        name = new_name()
        template = self.templates[kind]
        copy = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
        await self.execute(self.url, copy)
        return role_url(self.database_url(name), PACKAGES[service], PASSWORD)

    async def migrated(self, service: ServiceName, revision: str) -> str:
        """Create a database, migrate it, and return its name."""
        name, package = new_name(), PACKAGES[service]
        await self.execute(self.url, f"CREATE DATABASE {name}")
        connection = await asyncpg.connect(self.database_url(name), timeout=10)
        try:
            await ensure_role(connection, package, PASSWORD)
        finally:
            await connection.close()
        await upgrade(role_url(self.database_url(name), package, PASSWORD), package, revision)
        return name

    async def execute(self, url: str, statement: str) -> None:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def new_name() -> str:
    return f"test_{secrets.token_hex(6)}"


@contextmanager
def postgres_server() -> Generator[PostgresServer, None, None]:
    """Run Postgres inside the block, as `comfyfleet up` does."""
    home = Path(tempfile.mkdtemp(prefix="comfyfleet-postgres-"))
    process = None
    try:
        cluster, port = cluster_in(home), free_port()
        process = start(cluster, port)
        wait_for_port(port)
        status = cluster.data / "postmaster.pid"
        # it takes connections some time after its port opens
        wait_until(lambda: "ready" in status.read_text(), "Postgres is still starting up")
        yield PostgresServer(port)
    finally:
        if process:
            process.send_signal(signal.SIGQUIT)  # it writes nothing down
            process.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def start(cluster: Cluster, port: int) -> subprocess.Popen[bytes]:
    """Create the cluster and serve it without fsync, since nothing of it is kept."""
    cluster.create("--auth=trust", "--no-sync")
    settings = SETTINGS | {"port": str(port)}
    with (cluster.folder / "log").open("wb") as log:
        return subprocess.Popen(
            cluster.command(settings),
            stdout=log,
            stderr=log,
            cwd=cluster.folder,
            env=cluster.environment,
        )
