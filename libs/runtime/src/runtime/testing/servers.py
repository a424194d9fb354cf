"""Starts and stops the real servers that come as wheels in the virtual environment."""

import asyncio
import secrets
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from contracts.services import SERVICES
from runtime.bus.nats_config import PROVISIONER, nats_config
from runtime.embedded.programs import BUCKET, REGION, beside_python, s3_command, s3_environment
from runtime.provision import provision_nats
from runtime.testing.ports import free_port, wait_for_port


@dataclass(slots=True)
class NatsServer:
    """A provisioned nats-server with the fleet's users and permissions in force."""

    home: Path
    port: int
    passwords: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = self.home / "nats.conf"
        store = str(self.home / "jetstream")
        config.write_text(
            nats_config(self.passwords, host="127.0.0.1", port=self.port, store_dir=store)
        )
        with (self.home / "nats.log").open("ab") as log:
            self.process = subprocess.Popen(
                [beside_python("nats-server"), "-c", config], stdout=log, stderr=log
            )
        wait_for_port(self.port)

    def kill(self) -> None:
        """End the server as `kill -9` does."""
        if self.process:
            self.process.kill()
            self.process.wait(10)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)


@contextmanager
def nats_server(home: Path) -> Generator[NatsServer, None, None]:
    passwords = {name: secrets.token_hex(8) for name in (*SERVICES, PROVISIONER)}
    server = NatsServer(home, free_port(), passwords)
    server.start()
    try:
        asyncio.run(provision_nats(server.url, passwords[PROVISIONER]))
        yield server
    finally:
        server.stop()


@dataclass(frozen=True, slots=True)
class S3Server:
    """An S3 endpoint (`host:port`, plain HTTP) with one bucket."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str = BUCKET
    region: str = REGION


@contextmanager
def s3_server(home: Path) -> Generator[S3Server, None, None]:
    port, access, secret = free_port(), secrets.token_hex(8), secrets.token_hex(16)
    server = S3Server(f"127.0.0.1:{port}", access, secret)
    command, environment = s3_command(home / "s3", port), s3_environment(home, access, secret)
    with (home / "s3.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        wait_for_port(port)
        yield server
    finally:
        process.terminate()
        process.wait(10)
