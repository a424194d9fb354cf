"""Nodes of real servers change while jobs run on them: nothing is interrupted or lost."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from runtime.testing.ports import wait_until

from .test_life import prompts, submit, wait_for, wait_until_it_executes

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(600)]


@pytest.fixture
def nodes(api: httpx.Client, servers: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Two nodes; they are left as they were."""
    if len(servers) < 2:
        pytest.skip("name two servers in COMFYUI_URLS")
    before = api.get("/v1/nodes").json()["items"]
    yield before
    for node in before:
        settings = {"base_url": node["base_url"], "is_enabled": True}
        assert api.patch(f"/v1/nodes/{node['id']}", json=settings).status_code == 200
        assert api.post(f"/v1/nodes/{node['id']}/resume").status_code == 200
    wait_for(api, submit(api, 69), "completed")


def running_node(api: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """Return the node whose server executes the job."""
    wait_until_it_executes(api, job)
    found = api.get("/v1/nodes").json()["items"]
    return next(node for node in found if job["id"] in node["running_job_ids"])


@pytest.mark.parametrize("verb", ["drain", "disable"])
def test_a_node_out_of_service_finishes_its_job_and_others_take_the_next(
    api: httpx.Client, nodes: list[dict[str, Any]], verb: str
) -> None:
    del nodes
    job = submit(api, 60)
    node = running_node(api, job)
    path = f"/v1/nodes/{node['id']}"
    if verb == "drain":
        held = api.post(f"{path}/drain").json()
    else:
        held = api.patch(path, json={"is_enabled": False}).json()
    before = prompts(node["base_url"])
    next_jobs = [submit(api, 61 + number) for number in range(3)]
    ended = [wait_for(api, one, "completed", "failed") for one in (job, *next_jobs)]
    after = api.get(path).json()

    assert held["phase"] == "draining"
    assert [(one["status"], one["attempt_count"]) for one in ended] == [("completed", 1)] * 4
    assert len(prompts(node["base_url"]) - before) <= 1, "only the job that ran there"
    assert (after["phase"], after["running_job_ids"]) == (
        "draining" if verb == "drain" else "disabled",
        [],
    )


def test_a_job_runs_on_while_its_server_gets_another_address(
    api: httpx.Client, nodes: list[dict[str, Any]], servers: list[str]
) -> None:
    del nodes
    before = {server: prompts(server) for server in servers}
    job = submit(api, 66)
    node = running_node(api, job)
    other = node["base_url"].replace("127.0.0.1", "[::ffff:127.0.0.1]")
    changed = api.patch(f"/v1/nodes/{node['id']}", json={"base_url": other})
    ended = wait_for(api, job, "completed", "failed")

    assert changed.json()["base_url"] == other != node["base_url"]
    assert (ended["status"], ended["attempt_count"]) == ("completed", 1)
    path = f"/v1/nodes/{node['id']}"
    wait_until(lambda: api.get(path).json()["phase"] == "ready", "it does not join again")
    made = sum(len(prompts(server) - before[server]) for server in servers)
    assert made == 2, "the job, and the first trial at the new address"


def test_explain_names_the_true_reason_for_each_server(
    api: httpx.Client, nodes: list[dict[str, Any]]
) -> None:
    used, disabled = nodes
    path = f"/v1/nodes/{disabled['id']}"
    api.patch(path, json={"is_enabled": False})
    wait_until(lambda: api.get(path).json()["phase"] == "disabled", "it is not disabled")
    graph = api.get("/v1/workflows/blur_chain/versions/1").json()["graph"]
    for color in range(used["max_queue"]):
        graph["0"]["inputs"]["color"] = color
        posted = httpx.post(f"{used['base_url']}/prompt", json={"prompt": graph}, timeout=30)
        assert posted.status_code == 200, posted.text
    seen = f"/v1/nodes/{used['id']}"
    wait_until(
        lambda: api.get(seen).json()["foreign_prompts"] >= used["max_queue"], "no prompt is seen"
    )

    def reasons(job: dict[str, Any]) -> dict[str, str]:
        found = api.get(f"/v1/jobs/{job['id']}/explain").json()
        return {node["node_id"]: node["code"] for node in found["nodes"]}

    waiting = submit(api, 67)
    assert reasons(waiting) == {used["id"]: "foreign_work", disabled["id"]: "disabled"}
    lacking = submit(api, 68, "no_such_class")
    assert reasons(lacking)[used["id"]] == "missing"
    api.post(lacking["links"]["cancel"])
    ended = wait_for(api, waiting, "completed", "failed")
    assert (ended["status"], ended["attempt_count"]) == ("completed", 1)
