"""One request, one trace: from HTTP through the services to ComfyUI and back."""

import json
from pathlib import Path
from typing import Any

import httpx

from comfyfleet.testing import LocalFleet

TRACE = "0af7651916cd43dd8448eb211c80319c"


def spans(trace_file: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in trace_file.read_text().splitlines()]
    return [span for span in lines if span["context"]["trace_id"] == f"0x{TRACE}"]


def test_a_job_is_one_trace_and_logs_carry_its_ids(
    fleet: LocalFleet, api: httpx.Client, trace_file: Path
) -> None:
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "Prefer": "wait=30"}
    answer = api.post("/v1/jobs", json={"workflow": "solid", "inputs": {}}, headers=headers)
    assert answer.json()["status"] == "completed", answer.text

    found = spans(trace_file)
    services = {span["resource"]["attributes"]["service.name"] for span in found}
    assert {"gateway", "scheduler", "node-agent", "media"} <= services
    by_id = {span["context"]["span_id"] for span in found}
    orphans = [s["name"] for s in found if s["parent_id"] and s["parent_id"] not in by_id]
    assert len(orphans) == 1  # the one whose parent is the caller's own span

    job_id = answer.json()["id"]
    for service in ("scheduler", "node-agent"):
        log = (fleet.home.logs / f"{service}.log").read_text()
        lines = [line for line in log.splitlines() if job_id in line]
        assert any(TRACE in line for line in lines), f"{service} says nothing of the job"
