"""A second agent of the fleet runs an engine itself: it dies, comes back, and its jobs run on."""

import os
import shlex
import signal
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from comfyfleet.services import Fleet
from comfyfleet.settings import LocalSettings
from comfyfleet.tcp_ports import load
from comfyfleet.testing import LocalFleet
from runtime.supervision import pid_file
from runtime.supervision.child import python
from runtime.testing.ports import free_port, wait_until

from .test_nodes import begin, end

START_SECONDS = 60.0


@contextmanager
def an_agent(fleet: LocalFleet, folder: Path, **more: str) -> Generator[None, None, None]:
    """Run an agent beside the fleet's own, and stop it in order."""
    ports = {**load(fleet.home.ports), "node-agent": free_port()}
    spec = Fleet(LocalSettings(), fleet.home, fleet.secrets, ports).service("node-agent")
    environment = {**spec.environment, "COMFYFLEET_RUN_DIR": str(folder), **more}
    agent = subprocess.Popen(spec.command, env=environment)
    try:
        yield
    finally:
        agent.terminate()
        agent.wait(timeout=START_SECONDS)


@pytest.fixture
def node(fleet: LocalFleet, api: httpx.Client, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The node of a second agent, alone in service."""
    [first] = api.get("/v1/nodes").json()["items"]
    path = f"/v1/nodes/{first['id']}"
    for job in api.get("/v1/jobs", params={"status": "queued"}).json()["items"]:
        api.post(job["links"]["cancel"])  # a test before left it, and it would run here
    assert api.post(f"{path}/drain").is_success
    (tmp_path / "home").mkdir()
    engine = python("-m", "preview_engine", "--home", str(tmp_path / "home"), "--port", "{port}")
    settings = {
        "COMFYFLEET_MACHINE": "box",
        "COMFYFLEET_COMFYUI_COMMAND": shlex.join(engine),
        "COMFYFLEET_COMFYUI_PORT": str(free_port()),
        "COMFYFLEET_WARM_UP_WORKFLOW": "solid",
        "COMFYFLEET_STOP_SECONDS": "0",
    }
    try:
        with an_agent(fleet, tmp_path, **settings):
            wait_until(
                lambda: managed(api)["phase"] == "ready", "the server takes no jobs", START_SECONDS
            )
            yield managed(api)
    finally:
        api.delete(f"/v1/nodes/{managed(api).get('id')}")
        assert api.post(f"{path}/resume").is_success


def managed(api: httpx.Client) -> dict[str, Any]:
    found = [node for node in api.get("/v1/nodes").json()["items"] if node["is_managed"]]
    return found[0] if found else {"phase": "unknown"}


def process_in(folder: Path) -> psutil.Process:
    [path] = folder.glob("*.pid")
    process = pid_file.find_process(path)
    assert process
    return process


def prompt_count(node: dict[str, Any]) -> int:
    """Return how many prompts the engine has run since its start."""
    return len(httpx.get(f"{node['base_url']}/history", timeout=10).json())


def test_a_managed_server_that_is_killed_comes_back_warm_with_its_job(
    fleet: LocalFleet, api: httpx.Client, node: dict[str, Any], tmp_path: Path
) -> None:
    assert (node["machine"], prompt_count(node)) == ("box", 2), "the first trial and the warm-up"
    job, first = begin(api), process_in(tmp_path)
    os.kill(first.pid, signal.SIGKILL)
    ended = end(api, job)
    log = fleet.run("nodes", "log", node["id"])
    refused = api.patch(f"/v1/nodes/{node['id']}", json={"base_url": "http://10.0.0.9:8188"})

    assert (ended["status"], ended["attempt_count"]) == ("completed", 2)
    assert process_in(tmp_path).pid != first.pid
    assert prompt_count(node) == 2, "the warm-up and the job"
    assert log.count("listening on") == 2
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("node_managed")
    assert "COMFYFLEET_COMFYUI_PORT" in refused.json()["detail"]
