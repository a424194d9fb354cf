"""An API key from its first use to its end, through the real auth and gateway."""

import asyncio
import json
from uuid import uuid4

import httpx
import pytest

from comfyfleet.testing import LocalFleet
from runtime.testing.ports import eventually

from .test_jobs import finish
from .test_users import a_user, becomes


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


def test_a_service_account_works_by_keys_alone(fleet: LocalFleet, api: httpx.Client) -> None:
    name = f"{uuid4()}@services"
    fleet.run("users", "create", name, "--service")
    key = fleet.run("keys", "create", "nightly", "--user", name).strip()
    assert "nightly" in fleet.run("keys", "list", "--user", name)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=fleet.url, headers=headers, timeout=60) as program:
        finish(program, "solid", width=32, height=32)
        me = program.get("/v1/me").json()
        assert (me["kind"], me["email"]) == ("service", name)
        fleet.run("users", "block", name)
        becomes(401, lambda: program.get("/v1/jobs"))

    path = f"/v1/users/{me['id']}"
    with_password = {"email": f"x{name}", "name": "x", "kind": "service", "password": "p" * 20}
    refused = api.post("/v1/users", json=with_password)
    assert (refused.status_code, refused.json()["type"].split(":")[-1]) == (422, "invalid")
    entries = api.get("/v1/admin/audit", params={"user_id": me["id"]}).json()["items"]
    facts = [entry["fact"] for entry in entries]
    assert facts == ["user_blocked", "api_key_created", "user_created"]
    assert api.delete(path).status_code == 204


def test_nobody_makes_keys_for_another_person(fleet: LocalFleet, api: httpx.Client) -> None:
    with a_user(fleet, api) as (user_id, client):
        path = f"/v1/users/{user_id}/api-keys"
        becomes(200, lambda: client.get("/v1/jobs"))
        own = client.post("/v1/api-keys", json={"name": "own"}).json()
        assert api.post(path, json={"name": "theirs"}).status_code == 409
        assert client.get(path).status_code == 403
        assert [key["id"] for key in api.get(path).json()["items"]] == [own["id"]]
        assert api.delete(f"{path}/{own['id']}").status_code == 204
        assert client.get("/v1/api-keys").json()["items"] == []


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
