"""What containers need before their services start, on real servers."""

import os
import subprocess
import sys
from pathlib import Path

from contracts.services import SERVICES
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer


def comfyfleet(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "comfyfleet", *words],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def passwords(nats: NatsServer) -> dict[str, str]:
    return {
        f"COMFYFLEET_PASSWORDS__{name.replace('-', '_').upper()}": password
        for name, password in nats.passwords.items()
    }


def test_a_password_that_is_not_set_is_named() -> None:
    done = comfyfleet("nats-config", COMFYFLEET_PASSWORDS__AUTH="x")
    assert done.returncode == 1
    assert "COMFYFLEET_PASSWORDS__NODE_AGENT" in done.stderr
    assert "COMFYFLEET_PASSWORDS__AUTH," not in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_configuration_is_one_that_nats_accepts(nats: NatsServer, tmp_path: Path) -> None:
    done = comfyfleet("nats-config", **passwords(nats))
    file = tmp_path / "nats.conf"
    file.write_text(done.stdout)
    server = Path(sys.executable).parent / "nats-server"
    subprocess.run([server, "-t", "-c", file], check=True, timeout=20, capture_output=True)
    assert all(f'user: "{service}"' in done.stdout for service in SERVICES)


def test_a_database_is_migrated_as_often_as_asked(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    environment = passwords(nats) | {
        "COMFYFLEET_NATS_URL": nats.url,
        "COMFYFLEET_ADMIN_DATABASE_URL": postgres.url,
    }
    for _ in range(2):
        done = comfyfleet("migrate", **environment)
        assert (done.returncode, done.stderr) == (0, "")


def test_servers_that_are_away_are_one_clear_sentence(nats: NatsServer) -> None:
    away = {
        "COMFYFLEET_NATS_URL": nats.url,
        "COMFYFLEET_ADMIN_DATABASE_URL": "postgresql://127.0.0.1:1/x",
    }
    done = comfyfleet("migrate", **passwords(nats), **away)
    assert done.returncode == 1
    assert done.stderr.startswith("comfyfleet: NATS or Postgres does not answer")
