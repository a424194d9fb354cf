"""One request, one trace: from HTTP through the services to ComfyUI and back."""

import json
from pathlib import Path
from typing import Any

import httpx

from comfyfleet.testing import LocalFleet


def spans_of(trace_file: Path, job_id: str) -> list[dict[str, Any]]:
    """All spans of the trace to which the job's attempt belongs."""
    lines = [json.loads(line) for line in trace_file.read_text().splitlines()]
    [trace_id] = {
        span["context"]["trace_id"] for span in lines if span["attributes"].get("job_id") == job_id
    }
    return [span for span in lines if span["context"]["trace_id"] == trace_id]


def test_a_job_is_one_trace_and_logs_carry_its_ids(
    fleet: LocalFleet, api: httpx.Client, trace_file: Path
) -> None:
    body: dict[str, Any] = {"workflow": "solid", "inputs": {}}
    answer = api.post("/v1/jobs", json=body, headers={"Prefer": "wait=30"})
    assert answer.json()["status"] == "completed", answer.text
    job_id = answer.json()["id"]

    spans = spans_of(trace_file, job_id)
    names = {(span["resource"]["attributes"]["service.name"], span["name"]) for span in spans}
    assert {
        ("scheduler", "answer command.scheduler.submit_job.v1"),
        ("node-agent", "answer command.node.run_attempt.v1.{node_id}"),
        ("node-agent", "post"),
        ("node-agent", "execute"),
        ("media", "answer command.media.record_results.v1.{node_id}"),
        ("scheduler", "answer command.scheduler.finish_attempt.v1.{node_id}"),
    } <= names
    ids = {span["context"]["span_id"] for span in spans}
    parents = {span["parent_id"] for span in spans if span["parent_id"]}
    missing = parents - ids
    # A request that waits for its job ends, and writes its span, after its answer was read.
    assert len(missing) <= 1

    trace_id = spans[0]["context"]["trace_id"].removeprefix("0x")
    for service in ("scheduler", "node-agent"):
        log = (fleet.home.logs / f"{service}.log").read_text()
        assert any(trace_id in line for line in log.splitlines() if job_id in line), service
