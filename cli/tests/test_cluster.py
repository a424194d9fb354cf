import json
import os
import subprocess
import sys

import asyncpg

from contracts.services import SERVICES
from runtime.testing.fixtures import nats, postgres
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer

__all__ = ["nats", "postgres"]


def comfyfleet(word: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COMFY")}
    return subprocess.run(
        [sys.executable, "-m", "comfyfleet", word],
        env=clean | {f"COMFYFLEET_{name.upper()}": value for name, value in environment.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_migrate_prepares_a_cluster_and_may_be_repeated(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    settings = {
        "nats_url": nats.url,
        "nats_passwords": json.dumps(dict(nats.passwords)),
        "admin_database_url": postgres.url,
        "database_passwords": json.dumps(dict.fromkeys(SERVICES, "secret")),
    }
    for _ in range(2):
        done = comfyfleet("migrate", **settings)
        assert (done.returncode, done.stderr) == (0, "")
    connection = await asyncpg.connect(postgres.url, timeout=5)
    try:
        found = await connection.fetchval("SELECT count(*) FROM scheduler.jobs")
    finally:
        await connection.close()
    assert found == 0


def test_the_nats_configuration_has_every_service_as_a_user() -> None:
    passwords = {name: f"secret of {name}" for name in (*SERVICES, "provisioner")}
    done = comfyfleet("nats-config", nats_passwords=json.dumps(passwords))
    assert all(f'password: "secret of {name}"' in done.stdout for name in passwords)


def test_a_password_that_is_missing_is_named() -> None:
    done = comfyfleet("nats-config", nats_passwords="{}")
    assert done.returncode == 1
    assert "no password for gateway" in done.stderr
