"""A waiting job says for each node of a real fleet why it does not run there, over HTTP."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx

from comfyfleet.testing import LocalFleet

from .test_jobs import submit
from .test_workflows import GRAPH, push, runnable, until


def explained(api: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    answer = api.get(f"/v1/jobs/{job['id']}/explain")
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(api: httpx.Client, job: dict[str, Any]) -> dict[str, str]:
    return {node["name"]: node["code"] for node in explained(api, job)["nodes"]}


@contextmanager
def unused_nodes(api: httpx.Client) -> Generator[None, None, None]:
    """Add a disabled node, and one that no agent claims."""
    wanted = [
        {"name": "spare", "base_url": "http://127.0.0.1:9/spare", "is_enabled": False},
        {"name": "remote", "base_url": "http://127.0.0.1:9/remote", "pool": "nobody's"},
    ]
    added = [api.post("/v1/nodes", json=node).json()["id"] for node in wanted]
    try:
        yield
    finally:
        for node_id in added:
            api.delete(f"/v1/nodes/{node_id}")


def status(api: httpx.Client, job: dict[str, Any]) -> str:
    return api.get(f"/v1/jobs/{job['id']}").json()["status"]


def test_each_node_gives_its_true_reason(fleet: LocalFleet, api: httpx.Client) -> None:
    [node] = api.get("/v1/nodes").json()["items"]
    push(api, "nowhere", json.loads(json.dumps(GRAPH).replace("EmptyImage", "X")), activate="true")
    runnable(api, "nowhere", False)
    with unused_nodes(api):
        running = submit(api, "txt2img", prompt="long", steps=150)
        waiting, stuck = submit(api, "solid"), submit(api, "nowhere")
        found = explained(api, waiting)
        unused = {"spare": "disabled", "remote": "no_agent"}

        assert codes(api, waiting) == {node["name"]: "busy", **unused}
        assert codes(api, stuck) == {node["name"]: "missing", **unused}
        assert (found["message"], found["hold"]) == ("every server that can run it is busy", None)
        assert (found["share"]["running_count"], found["share"]["before_count"]) == (1, 0)
        assert explained(api, running)["message"].startswith("a server runs it")
        for job in (waiting, running):
            api.post(job["links"]["cancel"])
        printed = fleet.run("jobs", "explain", stuck["id"])
        assert "no server can run it" in printed
        assert "lacks X" in printed
        api.post(stuck["links"]["cancel"])
    until(lambda: status(api, running) == "canceled")
    assert explained(api, stuck)["message"] == "somebody canceled it"


def test_a_server_that_a_person_uses_says_so(api: httpx.Client) -> None:
    [node] = api.get("/v1/nodes").json()["items"]
    graph = api.get("/v1/workflows/txt2img/versions/1").json()["graph"]
    for graph_node in graph.values():
        if "steps" in graph_node["inputs"]:
            graph_node["inputs"]["steps"] = 150
    with httpx.Client(base_url=node["base_url"], trust_env=False) as engine:
        for _ in range(node["max_queue"]):
            assert engine.post("/prompt", json={"prompt": graph}).is_success
        until(lambda: api.get("/v1/nodes").json()["items"][0]["foreign_prompts"] == 2)
        job = submit(api, "solid")

        assert codes(api, job) == {node["name"]: "foreign_work"}
        engine.post("/queue", json={"clear": True})
        engine.post("/interrupt")
    until(lambda: status(api, job) == "completed")
