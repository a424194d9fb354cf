"""Services start fast: none loads a library or a contract that it does not need."""

import os
import subprocess
import sys

import pytest

from contracts.services import SERVICES, ServiceName

TERMINAL = {"rich.style", "pygments.lexers._mapping", "pydantic.v1.main"}
WEB = {"fastapi", "starlette", "uvicorn"}
DATABASE = {"sqlalchemy", "asyncpg", "alembic"}
NEEDLESS = {
    "gateway": TERMINAL | DATABASE,
    "auth": TERMINAL | WEB | {"contracts.messages", "contracts.scheduler.jobs"},
    "workflow-registry": TERMINAL | WEB | {"contracts.messages", "contracts.media.files"},
    "scheduler": TERMINAL | WEB | {"contracts.messages", "contracts.media.files", "sqlalchemy"},
    "media": TERMINAL | WEB | {"contracts.messages", "contracts.registry.requests", "PIL", "av"},
    "webhooks": TERMINAL | WEB | {"contracts.messages", "contracts.media.files"},
    "node-agent": TERMINAL | WEB | DATABASE | {"contracts.messages", "contracts.auth"},
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_loads_only_what_it_needs(service: ServiceName) -> None:
    """Its own command runs with a setting that it refuses, so it ends before it connects."""
    environment = os.environ | {"COMFYFLEET_OPS_PORT": "refused"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", SERVICES[service].package],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "ops_port" in done.stderr
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert f"{SERVICES[service].package}.app" in loaded
    assert loaded & NEEDLESS[service] == set()
