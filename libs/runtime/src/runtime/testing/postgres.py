"""Starts a throw-away Postgres from the wheel."""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from contracts.services import ServiceName
from runtime.embedded.postgres import STOP_SIGNAL, Cluster, cluster_in
from runtime.postgres.migrations import upgrade
from runtime.postgres.roles import PACKAGES, role_url
from runtime.provision import ensure_role
from runtime.testing.ports import free_port, wait_for_port, wait_until

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "max_connections": "200",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    port: int

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    async def database_for(self, service: ServiceName, revision: str = "head") -> str:
        """Create a database with the service's role and schema at `revision`; return its URL."""
        name = f"test_{secrets.token_hex(6)}"
        package = PACKAGES[service]
        await self.execute(self.url, f"CREATE DATABASE {name}")
        connection = await asyncpg.connect(self.database_url(name), timeout=10)
        try:
            await ensure_role(connection, package, "secret")
        finally:
            await connection.close()
        url = role_url(self.database_url(name), package, "secret")
        await upgrade(url, package, revision)
        return url

    async def execute(self, url: str, statement: str) -> None:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


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
            process.send_signal(STOP_SIGNAL)
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
