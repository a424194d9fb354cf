import json
from typing import Any, Protocol
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from comfyfleet.__main__ import application

JOB_ID, NODE_ID = uuid4(), uuid4()
SAMPLER = {"graph_node": "3", "graph_node_class": "KSampler", "seconds": 2.5, "is_cached": False}
LOADER = {"graph_node": "1", "graph_node_class": "Loader", "seconds": 0.0, "is_cached": True}
ATTEMPT: dict[str, Any] = {
    "number": 2,
    "node_id": str(NODE_ID),
    "created_at": "2026-12-01T10:00:00Z",
    "ended_at": "2026-12-01T10:00:09Z",
    "outcome": "completed",
    "cause": None,
    "executed_seconds": 3.04,
    "timings": {
        "graph_nodes": [SAMPLER, LOADER],
        "graph_node_count": 2,
        "is_whole": False,
        "load_seconds": None,
    },
}
LOST = ATTEMPT | {"number": 1, "outcome": "failed", "executed_seconds": None, "timings": None}


class Fleet(Protocol):
    """The scripted server of conftest.py."""

    url: str

    def on(self, line: str, *answers: Any) -> None: ...


def test_each_attempt_is_a_table_of_graph_nodes(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYFLEET_URL", fleet.url)
    monkeypatch.setenv("COMFYFLEET_TOKEN", "token")
    fleet.on(f"GET /v1/jobs/{JOB_ID}/timings", json.dumps({"attempts": [ATTEMPT, LOST]}).encode())
    done = CliRunner().invoke(application(), ("jobs", "timings", str(JOB_ID)))

    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    assert ["3", "KSampler", "2.500"] in lines
    assert ["1", "Loader", "cached"] in lines
    assert f"attempt 2 on node {NODE_ID}, completed, 3.0 s, a part was not heard" in done.output
    assert f"attempt 1 on node {NODE_ID}, failed, no times were reported" in done.output
