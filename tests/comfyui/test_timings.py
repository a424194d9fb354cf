"""Real servers tell the time of an execution and of its graph nodes."""

import os
from typing import Any

import httpx
import pytest

from .test_life import submit, wait_for

pytestmark = [pytest.mark.comfyui, pytest.mark.timeout(300)]


def timings(api: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    [attempt] = api.get(f"{job['links']['self']}/timings").json()["attempts"]
    return attempt


def usage(api: httpx.Client, workflow: str) -> dict[str, Any]:
    rows = api.get("/v1/usage", params={"by": "workflow"}).json()["items"]
    return next((row for row in rows if row["workflow"] == workflow), dict[str, Any]())


def test_the_graph_nodes_take_the_time_of_the_execution_and_usage_counts_it(
    api: httpx.Client,
) -> None:
    job = wait_for(api, submit(api, 4_711), "completed")
    before = usage(api, job["workflow"])
    job = wait_for(api, submit(api, 4_712), "completed")

    attempt = timings(api, job)
    found, executed = attempt["timings"], attempt["executed_seconds"]
    classes = [item["graph_node_class"] for item in found["graph_nodes"]]
    assert classes.count("ImageBlur") == 24
    assert found["is_whole"]
    assert found["load_seconds"] == 0.0, "no graph node loads a model"
    assert sum(item["seconds"] for item in found["graph_nodes"]) <= executed
    assert sum(item["seconds"] for item in found["graph_nodes"]) >= executed / 2
    after = usage(api, job["workflow"])
    assert after["completed_job_count"] == before["completed_job_count"] + 1
    added = after["executed_seconds"] - before["executed_seconds"]
    assert added == pytest.approx(executed, abs=0.002)


def test_a_model_takes_time_to_load(api: httpx.Client) -> None:
    checkpoint = os.environ.get("COMFYUI_CHECKPOINT") or pytest.skip("set COMFYUI_CHECKPOINT")
    inputs = {"prompt": "a red door", "model": checkpoint, "steps": 1, "width": 64, "height": 64}
    answer = api.post("/v1/jobs", json={"workflow": "txt2img", "inputs": inputs})
    assert answer.status_code == 201, answer.text
    found = timings(api, wait_for(api, answer.json(), "completed"))["timings"]

    seconds = {item["graph_node_class"]: item["seconds"] for item in found["graph_nodes"]}
    assert "KSampler" in seconds
    assert found["load_seconds"] == pytest.approx(seconds["CheckpointLoaderSimple"])
