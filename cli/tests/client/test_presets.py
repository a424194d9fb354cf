import json
from typing import Any

from .conftest import Script, comfyfleet

ID = "01926f3e-7a10-7f3c-8d21-5b6c7d8e9f10"
PRESET: dict[str, Any] = {
    "id": ID,
    "owner_id": "01926f00-0000-7000-8000-000000000001",
    "name": "poster",
    "workflow": "solid@1",
    "inputs": {"width": 64},
    "is_shared": False,
    "created_at": "2026-12-01T10:00:00Z",
    "changed_at": "2026-12-01T10:00:00Z",
}
SCHEMA = {
    "properties": {"width": {"x-comfyfleet-type": "int"}, "height": {"x-comfyfleet-type": "int"}}
}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def test_inputs_are_kept_in_their_types_under_a_name(fleet: Script) -> None:
    fleet.on("GET /v1/workflows/solid/schema", encoded(SCHEMA))
    fleet.on("POST /v1/presets", encoded(PRESET))
    done = comfyfleet(fleet, "presets", "save", "poster", "solid@1", "width=64", "--shared")

    assert done.stdout.strip() == ID, done.stderr
    sent = json.loads(fleet.requests[-1][2])
    assert sent == {
        "name": "poster",
        "workflow": "solid@1",
        "inputs": {"width": 64},
        "is_shared": True,
    }


def test_all_pages_are_listed(fleet: Script) -> None:
    listed = "GET /v1/presets?workflow=solid&is_own=true"
    fleet.on(listed, encoded({"items": [PRESET], "next_cursor": "n"}))
    other = PRESET | {"name": "other", "is_shared": True}
    fleet.on(f"{listed}&cursor=n", encoded({"items": [other], "next_cursor": None}))
    done = comfyfleet(fleet, "presets", "list", "solid", "--own")
    rows = [line.split() for line in done.stdout.splitlines()[1:]]

    assert [row[1:] for row in rows] == [
        ["poster", "solid@1", "no", "width"],
        ["other", "solid@1", "yes", "width"],
    ]


def test_a_preset_is_shared_and_deleted(fleet: Script) -> None:
    fleet.on(f"PATCH /v1/presets/{ID}", encoded(PRESET))
    fleet.on(f"DELETE /v1/presets/{ID}", b"")

    assert comfyfleet(fleet, "presets", "share", ID).returncode == 0
    assert json.loads(fleet.requests[-1][2]) == {"is_shared": True}
    assert comfyfleet(fleet, "presets", "delete", ID).returncode == 0


def test_a_preset_runs_with_other_inputs(fleet: Script) -> None:
    fleet.on(f"GET /v1/presets/{ID}", encoded(PRESET))
    fleet.on("GET /v1/workflows/solid/schema", encoded(SCHEMA))
    comfyfleet(fleet, "run", "--preset", ID, "height=32", "--detach")
    [sent] = [json.loads(body) for line, _, body in fleet.requests if line == "POST /v1/jobs"]

    assert (sent["workflow"], sent["inputs"]) == ("solid@1", {"width": 64, "height": 32})
