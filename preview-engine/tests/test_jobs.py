"""/api/jobs: waiting, running, done and failed in one list."""

import os
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

RunPrompt = Callable[..., dict[str, Any]]


def a_graph(color: int, **failing: Any) -> dict[str, Any]:
    size = {"width": 8, "height": 8, "batch_size": 1, "color": color}
    graph: dict[str, Any] = {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "j"}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    if failing:
        graph["1"] = {"class_type": "AlwaysRaises", "inputs": {"image": ["4", 0], **failing}}
        graph["4"] = {"class_type": "EmptyImage", "inputs": size}
    return graph


@pytest.fixture
def jobs(http: httpx.Client, run_prompt: RunPrompt) -> httpx.Client:
    """An engine whose history is one success, `done`, and then one failure, `failed`."""
    while any(http.get("/queue").json().values()):  # prompts that earlier tests left
        os.sched_yield()
    http.post("/history", json={"clear": True})
    workflow = {"extra_pnginfo": {"workflow": {"id": "wf"}}}
    run_prompt(http, a_graph(901), prompt_id="done", extra_data=workflow)
    run_prompt(http, a_graph(902, message="boom", seed=1), prompt_id="failed")
    return http


def ids(http: httpx.Client, query: str = "") -> list[str]:
    answer = http.get(f"/api/jobs?{query}")
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["jobs"]]


def test_jobs_are_found_by_status_workflow_and_page(jobs: httpx.Client) -> None:
    assert sorted(ids(jobs)) == ["done", "failed"]
    assert ids(jobs, "status=failed,pending") == ["failed"]
    assert ids(jobs, "workflow_id=wf") == ["done"]
    assert ids(jobs, "sort_order=asc&limit=1") == ["done"]
    page = jobs.get("/api/jobs?sort_order=asc&limit=1").json()["pagination"]
    assert page == {"offset": 0, "limit": 1, "total": 2, "has_more": True}


def test_one_job_tells_its_files_and_its_prompt(jobs: httpx.Client) -> None:
    job = jobs.get("/api/jobs/done").json()
    assert (job["status"], job["outputs_count"]) == ("completed", 2)
    assert job["preview_output"]["type"] == "output"
    assert job["preview_output"]["nodeId"] == "2"
    assert job["workflow"]["prompt"] == a_graph(901)
    assert job["execution_start_time"] <= job["execution_end_time"]
    assert jobs.get("/api/jobs/failed").json()["execution_error"]["exception_type"] == "ValueError"


def test_jobs_that_have_not_ended_come_from_the_queue(start_engine: Callable[..., str]) -> None:
    with httpx.Client(base_url=start_engine(), timeout=30) as http:
        http.post("/preview-engine/switches", json={"silent": True})
        for prompt_id in ("first", "second"):
            http.post("/prompt", json={"prompt": a_graph(1), "prompt_id": prompt_id})
        deadline = time.monotonic() + 20
        while not http.get("/queue").json()["queue_running"]:
            assert time.monotonic() < deadline
        found = {job["id"]: job["status"] for job in http.get("/api/jobs").json()["jobs"]}
        assert found == {"first": "in_progress", "second": "pending"}
        assert http.get("/api/jobs/second").json()["status"] == "pending"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("status=odd", "Invalid status value(s): odd. Valid values: pending, in_progress"),
        ("sort_by=x", "sort_by must be"),
        ("sort_order=x", "sort_order must be"),
        ("limit=0", "limit must be a positive integer"),
        ("limit=x", "limit must be an integer"),
        ("offset=x", "offset must be an integer"),
    ],
)
def test_what_cannot_be_asked_is_said(http: httpx.Client, query: str, told: str) -> None:
    answer = http.get(f"/api/jobs?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(told)


def test_there_are_no_jobs_but_under_api(http: httpx.Client) -> None:
    assert http.get("/jobs").status_code == 404
    unknown = http.get("/api/jobs/nobody")
    assert (unknown.status_code, unknown.json()) == (404, {"error": "Job not found"})
