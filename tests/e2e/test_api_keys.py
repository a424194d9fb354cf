"""An API key from its first use to its end, through the real auth and gateway."""

import asyncio
import json

import httpx
import pytest

from comfyfleet.testing import LocalFleet
from runtime.testing.ports import eventually

from .test_jobs import finish


def test_a_key_works_until_it_is_deleted(fleet: LocalFleet, api: httpx.Client) -> None:
    made = api.post("/v1/api-keys", json={"name": "e2e", "scopes": ["jobs:run"]})
    assert made.status_code == 201, made.text
    key = made.json()
    with httpx.Client(
        base_url=fleet.url, headers={"Authorization": f"Bearer {key['secret']}"}, timeout=60
    ) as program:
        finish(program, "solid", width=32, height=32)
        assert program.get("/v1/media").status_code == 403
        assert program.post("/v1/api-keys", json={"name": "more"}).status_code == 403

        def is_seen() -> bool:
            keys = api.get("/v1/api-keys").json()["items"]
            return any(one["id"] == key["id"] and one["last_used_at"] for one in keys)

        asyncio.run(eventually(is_seen, 30))
        with program.stream("GET", "/v1/events", timeout=20) as stream:
            lines = stream.iter_lines()
            next(lines)
            assert api.delete(f"/v1/api-keys/{key['id']}").status_code == 204
            assert [line for line in lines if line.startswith("data:")] == []
        assert program.get("/v1/jobs").status_code == 401


def test_the_command_takes_a_key_in_place_of_a_login(fleet: LocalFleet) -> None:
    key = fleet.run("keys", "create", "command", "--scope", "nodes:read", "--days", "1").strip()
    elsewhere = LocalFleet(
        fleet.home,
        fleet.url,
        {**fleet.environment, "COMFYFLEET_URL": fleet.url, "COMFYFLEET_API_KEY": key},
    )

    assert json.loads(elsewhere.run("nodes", "list", "--json"))
    with pytest.raises(RuntimeError, match="jobs:read"):
        elsewhere.run("jobs", "list")
    fleet.run("keys", "delete", "command")
