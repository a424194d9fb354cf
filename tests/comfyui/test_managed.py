"""The agent of a local fleet runs a real ComfyUI itself.

COMFYUI_COMMAND starts one, without `--listen` and `--port`, in the folder COMFYUI_DIRECTORY. It
needs files of its own (`--base-directory`, `--database-url`), since the test kills it.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import pytest

from comfyfleet.testing import LocalFleet, local_fleet
from runtime.supervision import pid_file
from runtime.testing.ports import free_port, wait_until

from .conftest import SHIPPED, add_blur_chain

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(900)]
START_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Managed:
    """A fleet whose agent runs its ComfyUI, and a client that stays logged in."""

    fleet: LocalFleet
    http: httpx.Client


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    command = os.environ.get("COMFYUI_COMMAND")
    if not command:
        pytest.skip("set COMFYUI_COMMAND and COMFYUI_DIRECTORY to a ComfyUI that a test may kill")
    folder = tmp_path_factory.mktemp("managed")
    shutil.copytree(SHIPPED, folder / "workflows")
    add_blur_chain(folder / "workflows", "blur_chain", "ImageBlur")
    with (
        local_fleet(
            folder / "home",
            COMFYUI_URLS="",
            COMFYFLEET_COMFYUI_COMMAND=command,
            COMFYFLEET_COMFYUI_DIRECTORY=os.environ.get("COMFYUI_DIRECTORY", "."),
            COMFYFLEET_COMFYUI_PORT=str(free_port()),
            COMFYFLEET_MACHINE="box",
            COMFYFLEET_WARM_UP_WORKFLOW="blur_chain",
            COMFYFLEET_RECYCLE_AFTER_ATTEMPTS="4",
            COMFYFLEET_WORKFLOWS_DIR=str(folder / "workflows"),
        ) as fleet,
        fleet.http() as http,
    ):
        yield Managed(fleet, http)


def the_node(managed: Managed) -> dict[str, Any] | None:
    nodes = ask(managed, "GET", "/v1/nodes")["items"]
    return nodes[0] if nodes else None


def is_ready(managed: Managed) -> bool:
    node = the_node(managed)
    return node is not None and node["phase"] == "ready"


def process_of(managed: Managed) -> psutil.Process:
    [path] = managed.fleet.home.data("node-agent").glob("*.pid")
    process = pid_file.find_process(path)
    assert process, path.read_text()
    return process


def submit(managed: Managed, color: int) -> dict[str, Any]:
    body = {"workflow": "blur_chain", "inputs": {"color": color}}
    return ask(managed, "POST", "/v1/jobs", json=body)


def ask(managed: Managed, method: str, path: str, **more: Any) -> dict[str, Any]:
    answer = managed.http.request(method, path, **more)
    assert answer.is_success, answer.text
    return answer.json()


def see(managed: Managed, job: dict[str, Any]) -> dict[str, Any]:
    return ask(managed, "GET", f"/v1/jobs/{job['id']}")


def executes(managed: Managed, job: dict[str, Any]) -> bool:
    return see(managed, job)["progress"]["graph_nodes_done"] >= 2


def end_of(managed: Managed, job: dict[str, Any]) -> dict[str, Any]:
    ended = {"completed", "failed", "canceled", "expired"}
    wait_until(lambda: see(managed, job)["status"] in ended, "never ended", START_SECONDS)
    return see(managed, job)


def test_it_starts_is_warmed_up_and_takes_jobs(managed: Managed) -> None:
    wait_until(lambda: is_ready(managed), "never ready", START_SECONDS)
    assert end_of(managed, submit(managed, 1))["status"] == "completed"
    history = httpx.get(f"{the_url(managed)}/history", timeout=30).json()
    assert len(history) == 3, "the first trial, the warm-up and the job"


def test_a_job_survives_the_death_of_its_comfyui(managed: Managed) -> None:
    wait_until(lambda: is_ready(managed), "never ready", START_SECONDS)
    job, first = submit(managed, 2), process_of(managed)
    wait_until(lambda: executes(managed, job), "never executing", START_SECONDS)
    first.send_signal(signal.SIGKILL)
    end = end_of(managed, job)
    assert (end["status"], end["attempt_count"]) == ("completed", 2)
    assert process_of(managed).pid != first.pid


def test_a_killed_agent_costs_no_picture(managed: Managed) -> None:
    wait_until(lambda: is_ready(managed), "never ready", START_SECONDS)
    job, first = submit(managed, 3), process_of(managed)
    wait_until(lambda: executes(managed, job), "never executing", START_SECONDS)
    os.kill(managed.fleet.pid("node-agent"), signal.SIGKILL)
    end = end_of(managed, job)
    assert (end["status"], end["attempt_count"]) == ("completed", 1)
    assert process_of(managed).pid == first.pid


def test_it_is_replaced_between_two_attempts(managed: Managed) -> None:
    wait_until(lambda: is_ready(managed), "never ready", START_SECONDS)
    first = process_of(managed)
    ends = [end_of(managed, job) for job in [submit(managed, n) for n in range(4, 9)]]
    assert {end["status"] for end in ends} == {"completed"}
    assert {end["attempt_count"] for end in ends} == {1}
    wait_until(lambda: is_ready(managed), "never ready", START_SECONDS)
    assert process_of(managed).pid != first.pid


def the_url(managed: Managed) -> str:
    node = the_node(managed)
    assert node
    return node["base_url"]


def test_it_ends_with_the_fleet(managed: Managed) -> None:
    process = process_of(managed)
    managed.fleet.run("down", seconds=90)
    assert not pid_file.is_alive(process)
