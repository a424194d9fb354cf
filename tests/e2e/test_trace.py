"""One request, one trace: from HTTP through the services to ComfyUI and back."""

import json
import time
from pathlib import Path
from typing import Any

import httpx

from comfyfleet.testing import LocalFleet

ROOT = ("gateway", "POST /v1/jobs")
LATE_SECONDS = 10.0
"""A span is written when it ends: that of the request, after its answer was read."""


def spans_of(trace_file: Path, job_id: str) -> list[dict[str, Any]]:
    """All spans of the job's trace; none as long as none is written."""
    whole, _, _ = trace_file.read_text().rpartition("\n")
    lines = [json.loads(line) for line in whole.splitlines()]
    traces = {
        span["context"]["trace_id"] for span in lines if span["attributes"].get("job_id") == job_id
    }
    assert len(traces) <= 1
    return [span for span in lines if span["context"]["trace_id"] in traces]


def name_of(span: dict[str, Any]) -> tuple[str, str]:
    return span["resource"]["attributes"]["service.name"], span["name"]


def orphans(spans: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Spans whose parent was not written."""
    ids = {span["context"]["span_id"] for span in spans}
    return {name_of(span) for span in spans if span["parent_id"] not in {*ids, None}}


def written(trace_file: Path, job_id: str) -> list[dict[str, Any]]:
    """The job's trace, once it is whole, or as it is when the time is up."""
    deadline = time.monotonic() + LATE_SECONDS
    while True:
        spans = spans_of(trace_file, job_id)
        is_whole = ROOT in map(name_of, spans) and not orphans(spans)
        if is_whole or time.monotonic() > deadline:
            return spans
        time.sleep(0.05)


def test_a_job_is_one_trace_and_logs_carry_its_ids(
    fleet: LocalFleet, api: httpx.Client, trace_file: Path
) -> None:
    body: dict[str, Any] = {"workflow": "solid", "inputs": {}}
    answer = api.post("/v1/jobs", json=body, headers={"Prefer": "wait=30"})
    assert answer.json()["status"] == "completed", answer.text
    job_id = answer.json()["id"]

    spans = written(trace_file, job_id)
    names = set(map(name_of, spans))
    assert [name_of(span) for span in spans if span["parent_id"] is None] == [ROOT]
    assert orphans(spans) == set()
    assert {
        ("gateway", "call command.scheduler.submit_job.v1"),
        ("scheduler", "answer command.scheduler.submit_job.v1"),
        ("node-agent", "answer command.node.run_attempt.v1.{node_id}"),
        ("node-agent", "post"),
        ("node-agent", "execute"),
        ("media", "answer command.media.record_results.v1.{node_id}"),
        ("scheduler", "answer command.scheduler.finish_attempt.v1.{node_id}"),
    } <= names

    trace_id = spans[0]["context"]["trace_id"].removeprefix("0x")
    for service in ("scheduler", "node-agent"):
        log = (fleet.home.logs / f"{service}.log").read_text()
        assert any(trace_id in line for line in log.splitlines() if job_id in line), service
