"""Progress, cancel, sharing and recovery on real servers."""

import json
import os
import signal
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from comfyfleet.testing import LocalFleet

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(600)]


def submit(api: httpx.Client, color: int, workflow: str = "blur_chain") -> dict[str, Any]:
    answer = api.post("/v1/jobs", json={"workflow": workflow, "inputs": {"color": color}})
    assert answer.status_code == 201, answer.text
    return answer.json()


def wait_for(api: httpx.Client, job: dict[str, Any], *statuses: str) -> dict[str, Any]:
    deadline = time.monotonic() + 240
    while (now := api.get(job["links"]["self"]).json())["status"] not in statuses:
        assert time.monotonic() < deadline, f"never {statuses}: {now}"
        time.sleep(0.1)
    return now


def wait_until_it_executes(api: httpx.Client, job: dict[str, Any]) -> None:
    deadline = time.monotonic() + 60
    while api.get(job["links"]["self"]).json()["progress"]["graph_nodes_done"] < 2:
        assert time.monotonic() < deadline, "no graph node was done in a minute"
        time.sleep(0.1)


def prompts(server: str) -> set[str]:
    """Ids in the server's history."""
    return set(httpx.get(f"{server}/history", params={"max_items": 10_000}, timeout=30).json())


def test_progress_and_one_terminal_frame_come(api: httpx.Client) -> None:
    job = submit(api, 1)
    names, fractions = list[str](), list[float]()
    with api.stream("GET", job["links"]["events"]) as response:
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                names.append(value)
            elif field == "data" and names[-1] == "job.progress":
                fractions.append(json.loads(value)["progress"]["fraction"])
    assert names[0] == "job.snapshot"
    assert [n for n in names if n in {"job.completed", "job.failed"}] == ["job.completed"]
    assert fractions == sorted(fractions)
    assert len(fractions) >= 3


def test_a_queued_and_a_running_job_are_canceled(api: httpx.Client, servers: list[str]) -> None:
    running = [submit(api, 10 + n) for n in range(len(servers))]
    queued = submit(api, 99)
    assert api.post(queued["links"]["cancel"]).json()["status"] == "canceled"
    for job in running:
        wait_until_it_executes(api, job)
        assert api.post(job["links"]["cancel"]).json()["status"] in {"canceling", "canceled"}
    for job in running:
        wait_for(api, job, "canceled")
    for server in servers:
        assert httpx.get(f"{server}/queue").json() == {"queue_running": [], "queue_pending": []}


def test_a_prompt_is_finished_not_repeated_when_the_agent_was_killed(
    fleet: LocalFleet, api: httpx.Client, servers: list[str]
) -> None:
    before = {server: prompts(server) for server in servers}
    job = submit(api, 20)
    wait_until_it_executes(api, job)
    os.kill(fleet.pid("node-agent"), signal.SIGKILL)
    done = wait_for(api, job, "completed", "failed")
    assert (done["status"], done["attempt_count"]) == ("completed", 1)
    assert sum(len(prompts(server) - before[server]) for server in servers) == 1


def test_servers_share_ten_jobs(api: httpx.Client, servers: list[str]) -> None:
    if len(servers) < 2:
        pytest.skip("name two servers in COMFYUI_URLS")
    before = {server: prompts(server) for server in servers}
    jobs = [submit(api, 30 + n) for n in range(10)]
    for job in jobs:
        assert wait_for(api, job, "completed", "failed")["status"] == "completed"
    made = {server: len(prompts(server) - before[server]) for server in servers}
    assert sum(made.values()) == 10
    assert min(made.values()) >= 2


def test_the_job_of_a_killed_server_ends_on_the_other(
    api: httpx.Client, servers: list[str]
) -> None:
    victim = os.environ.get("COMFYUI_MAY_KILL")
    if not victim:
        pytest.skip("set COMFYUI_MAY_KILL to the one of COMFYUI_URLS that may be ended")
    jobs = [submit(api, 50 + n) for n in range(len(servers))]
    for job in jobs:
        wait_until_it_executes(api, job)
    listener_on(urlsplit(victim).port or 80).kill()
    for job in jobs:
        assert wait_for(api, job, "completed", "failed")["status"] == "completed"


def listener_on(port: int) -> psutil.Process:
    for connection in psutil.net_connections("tcp"):
        address = connection.laddr
        if connection.status == psutil.CONN_LISTEN and address and address.port == port:
            return psutil.Process(connection.pid)
    raise AssertionError(f"nothing listens on port {port}")
