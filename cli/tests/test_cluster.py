import os
import subprocess
import sys
from collections.abc import Mapping

import asyncpg

from contracts.services import SERVICES
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer


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


def passwords(given: Mapping[str, str]) -> dict[str, str]:
    return {f"passwords__{name.replace('-', '_')}": value for name, value in given.items()}


async def test_migrate_prepares_a_cluster_and_may_be_repeated(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    settings = passwords(nats.passwords) | {
        "nats_url": nats.url,
        "admin_database_url": postgres.url,
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
    given = {name: f"secret of {name}" for name in (*SERVICES, "provisioner")}
    done = comfyfleet("nats-config", **passwords(given))
    assert all(f'password: "secret of {name}"' in done.stdout for name in given)


def test_a_password_that_is_missing_is_named() -> None:
    done = comfyfleet("nats-config", passwords__gateway="secret")
    assert done.returncode == 1
    assert "no password for auth: set COMFYFLEET_PASSWORDS__AUTH" in done.stderr
