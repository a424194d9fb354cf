"""The parts of docker-compose.yml find each other and make a picture, here without Docker."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from contracts.services import SERVICES
from runtime.embedded.programs import beside_python
from runtime.testing.ports import eventually, free_port, wait_for_port
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import S3Server

from .composed import Composition, composition, processes, run, secrets_made

STARTED_SECONDS = 60.0


def test_nats_is_asked_for_its_health_where_it_listens() -> None:
    composed = composition(secrets_made(), {})
    config = run("nats-config", environment=composed.environment("nats-config"))
    asked = composed.services["nats"]["healthcheck"]["test"][-1]
    assert asked == "http://127.0.0.1:8222/healthz"
    assert 'http: "0.0.0.0:8222"' in config
    [manifest, _] = yaml.safe_load_all(Path("deploy/k8s/nats.yaml").read_text())
    [container] = manifest["spec"]["template"]["spec"]["containers"]
    assert {"name": "monitor", "containerPort": 8222} in container["ports"]


async def test_the_composition_makes_a_picture(
    postgres: PostgresServer, s3: S3Server, tmp_path: Path
) -> None:
    await postgres.execute(postgres.url, "CREATE DATABASE comfyfleet")
    nats, gateway, engine = free_port(), free_port(), free_port()
    places = {
        "nats:4222": f"127.0.0.1:{nats}",
        "postgres:5432": f"127.0.0.1:{postgres.port}",
        "s3:9000": s3.endpoint,
        "0.0.0.0": "127.0.0.1",  # noqa: S104 # replaced, not bound
        "8000": str(gateway),
        "/workflows": "workflows",
    }
    secrets = secrets_made() | {"S3_ACCESS_KEY": s3.access_key, "S3_SECRET_KEY": s3.secret_key}
    composed = composition(secrets, places)
    config = tmp_path / "nats.conf"
    config.write_text(run("nats-config", environment=nats_environment(composed, nats, tmp_path)))
    server = (beside_python("nats-server"), "-c", str(config))
    painter = (*python("preview_engine"), "--port", str(engine), "--home", str(tmp_path))
    with processes({server: {}, painter: {}}, tmp_path / "servers.log"):
        wait_for_port(nats)
        run("migrate", environment=composed.environment("migrate"))
        started = services(composed)
        with processes(started, tmp_path / "services.log"):
            await healthy([given["COMFYFLEET_OPS_PORT"] for given in started.values()])
            job = await a_job(secrets, f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{engine}")
    assert (job["status"], len(job["outputs"])) == ("completed", 1), job


def nats_environment(composed: Composition, port: int, folder: Path) -> dict[str, str]:
    return composed.environment("nats-config") | {
        "COMFYFLEET_NATS_HOST": "127.0.0.1",
        "COMFYFLEET_NATS_PORT": str(port),
        "COMFYFLEET_NATS_MONITOR_PORT": str(free_port()),
        "COMFYFLEET_NATS_STORE_DIR": str(folder / "nats"),
    }


def services(composed: Composition) -> dict[tuple[str, ...], dict[str, str]]:
    return {
        python(name.replace("-", "_")): composed.environment(name)
        | {"COMFYFLEET_OPS_PORT": str(free_port())}
        for name in SERVICES
    }


def python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module)


async def healthy(ports: list[str]) -> None:
    """Wait as `docker compose up --wait` does."""
    async with httpx.AsyncClient(timeout=5) as client:

        async def is_ready(port: str) -> bool:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success
            except httpx.TransportError:
                return False

        for port in ports:
            await eventually(partial(is_ready, port), within=STARTED_SECONDS)


async def a_job(secrets: dict[str, str], gateway: str, engine: str) -> dict[str, Any]:
    """Do what deploy/README.md says, and run one job."""
    async with httpx.AsyncClient(base_url=gateway, timeout=60) as api:
        form = {"username": secrets["ADMIN_EMAIL"], "password": secrets["ADMIN_PASSWORD"]}
        token = (await api.post("/v1/auth/token", data=form)).json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        added = await api.post("/v1/nodes", json={"name": "preview", "base_url": engine})
        assert added.status_code == 201, added.text
        body = {"workflow": "solid", "inputs": {"color": 255}}
        answer = await api.post("/v1/jobs", json=body, headers={"Prefer": "wait=50"})
        return answer.json()
