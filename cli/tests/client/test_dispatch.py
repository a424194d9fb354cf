import json
from typing import Any

from .conftest import Script, comfyfleet

OWNER = "01926f00-0000-7000-8000-000000000001"
PAUSED: dict[str, Any] = {
    "is_paused": True,
    "paused_by": OWNER,
    "paused_at": "2026-12-01T10:00:00Z",
    "reason": "new drivers",
}
GOES_ON: dict[str, Any] = {
    "is_paused": False,
    "paused_by": None,
    "paused_at": None,
    "reason": None,
}
OVERVIEW: dict[str, Any] = {
    "dispatch": GOES_ON,
    "node_count_by_phase": {"ready": 3, "busy": 5},
    "waiting_job_count_by_priority": {"batch": 140},
    "running_job_count_by_priority": {"batch": 5},
    "oldest_wait_seconds": 61.4,
    "owners": [
        {
            "owner_id": OWNER,
            "waiting_job_count": 140,
            "oldest_created_at": "2026-12-01T10:00:00Z",
        }
    ],
}


def test_a_pause_names_who_began_it_and_why(fleet: Script) -> None:
    fleet.on("POST /v1/admin/dispatch/pause", json.dumps(PAUSED).encode())
    done = comfyfleet(fleet, "dispatch", "pause", "new drivers")

    assert done.returncode == 0, done.stderr
    assert json.loads(fleet.requests[0][2]) == {"reason": "new drivers"}
    assert f"by {OWNER}: new drivers" in done.stdout


def test_a_resumed_dispatch_goes_on(fleet: Script) -> None:
    fleet.on("POST /v1/admin/dispatch/resume", json.dumps(GOES_ON).encode())

    assert comfyfleet(fleet, "dispatch", "resume").stdout == "dispatch: goes on\n"


def test_the_overview_shows_nodes_jobs_and_owners(fleet: Script) -> None:
    fleet.on("GET /v1/admin/overview", json.dumps(OVERVIEW).encode())
    done = comfyfleet(fleet, "overview")
    rows = [line.split() for line in done.stdout.splitlines()]

    assert done.returncode == 0, done.stderr
    assert "nodes: 3 ready, 5 busy" in done.stdout
    assert ["batch", "140", "5"] in rows
    assert next(row[:2] for row in rows if row[0] == OWNER) == [OWNER, "140"]
