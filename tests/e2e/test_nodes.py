"""Everything that an operator does with a node while jobs run, over HTTP and by the command."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from comfyfleet.testing import LocalFleet
from runtime.testing.ports import free_port

from .test_jobs import finish, submit
from .test_workflows import until


@pytest.fixture
def node(api: httpx.Client) -> Iterator[dict[str, Any]]:
    """The fleet's only node; it is left as it was."""
    [before] = api.get("/v1/nodes").json()["items"]
    yield before
    api.post(f"/v1/nodes/{before['id']}/resume")
    settings = {name: before[name] for name in ("name", "base_url", "labels", "is_enabled")}
    assert api.patch(f"/v1/nodes/{before['id']}", json=settings).status_code == 200
    finish(api, "solid")


def begin(api: httpx.Client) -> dict[str, Any]:
    """Submit a job that takes a while, and return it once its engine works on it."""
    job = submit(api, "txt2img", prompt="long", steps=60)
    with api.stream("GET", job["links"]["events"]) as response:
        for line in response.iter_lines():
            if line.startswith("data: ") and '"step":' in line and '"step":null' not in line:
                return job
    raise AssertionError("it never began")


def end(api: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    with api.stream("GET", job["links"]["events"]) as response:
        response.read()
    return api.get(job["links"]["self"]).json()


def test_a_drained_node_finishes_its_job_first(
    fleet: LocalFleet, api: httpx.Client, node: dict[str, Any]
) -> None:
    job = begin(api)
    path = f"/v1/nodes/{node['id']}"
    draining = api.post(f"{path}/drain").json()
    queue = api.get(f"{path}/queue").json()
    waiting = submit(api, "solid")
    said = fleet.run("nodes", "drain", node["name"], "--wait", "60")

    assert draining["running_job_ids"] == [job["id"]]
    assert [(one["job_id"], one["state"]) for one in queue["prompts"]] == [(job["id"], "running")]
    assert (draining["phase"], draining["is_draining"]) == ("draining", True)
    assert said.splitlines()[-1] == f"{node['name']} draining (drained)"
    ended = api.get(job["links"]["self"]).json()
    assert (ended["status"], ended["attempt_count"]) == ("completed", 1)
    assert api.get(waiting["links"]["self"]).json()["status"] == "queued"
    fleet.run("nodes", "resume", node["id"])
    assert end(api, waiting)["status"] == "completed"


def test_a_job_runs_on_while_its_server_gets_another_address(
    api: httpx.Client, node: dict[str, Any]
) -> None:
    job = begin(api)
    other = node["base_url"].replace("127.0.0.1", "[::ffff:127.0.0.1]")
    changed = api.patch(f"/v1/nodes/{node['id']}", json={"base_url": other, "name": "moved"})
    ended = end(api, job)

    assert (changed.json()["base_url"], changed.json()["name"]) == (other, "moved")
    assert (ended["status"], ended["attempt_count"]) == ("completed", 1)
    assert finish(api, "solid")["attempt_count"] == 1


class Proxy(BaseHTTPRequestHandler):
    """Refuses everybody, as a proxy before a ComfyUI does."""

    def do_GET(self) -> None:
        self.send_error(403)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
        pass


def test_a_server_that_cannot_work_is_added_with_the_reason_and_a_remedy(
    fleet: LocalFleet, api: httpx.Client
) -> None:
    def shown(url: str, reason: str) -> str:
        """Add a server, and return what `nodes get` shows once its agent has found the reason."""
        id_ = fleet.run("nodes", "add", url, "--name", "odd", "--wait", "0").split()[1]
        until(lambda: reason in (api.get(f"/v1/nodes/{id_}").json()["reason"] or ""))
        card = fleet.run("nodes", "get", id_)
        fleet.run("nodes", "remove", id_)
        return card

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        thread = Thread(target=proxy.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{proxy.server_port}"
        walled = shown(address, "answers 403: something in front of ComfyUI refuses the agent")
        proxy.shutdown()
        thread.join(5)
    closed = shown(f"http://127.0.0.1:{free_port()}", "nobody listens there")
    with pytest.raises(RuntimeError, match="COMFYFLEET_POOL=b"):
        fleet.run("nodes", "add", "http://10.0.0.9:8188", "--pool", "b", "--wait", "0.1")
    fleet.run("nodes", "remove", "http://10.0.0.9:8188")

    assert "nodes set odd --header" in walled
    assert "`--listen`" in closed


def test_all_that_a_node_can_run_is_shown_and_compared(
    fleet: LocalFleet, api: httpx.Client, node: dict[str, Any]
) -> None:
    page = api.get(f"/v1/nodes/{node['id']}/capabilities").json()
    odd = api.get(f"/v1/nodes/{node['id']}/capabilities?cursor=x")

    assert (len(page["classes"]), page["digest"]) == (node["class_count"], node["digest"])
    assert len(page["models"]) == node["model_count"]
    assert (odd.status_code, odd.json()["type"][-10:]) == (422, "bad_cursor")
    assert "equal" in fleet.run("nodes", "compare")
