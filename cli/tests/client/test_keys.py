"""`comfyfleet keys`, and commands that log in with an API key."""

import json
from typing import Any, Protocol
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from comfyfleet.__main__ import application

KEY_ID = str(UUID(int=1))
KEY: dict[str, Any] = {
    "id": KEY_ID,
    "user_id": str(UUID(int=2)),
    "name": "nightly",
    "prefix": "cf_3xK9aB",
    "scopes": ["jobs:read", "jobs:run"],
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2027-12-01T10:00:00Z",
    "last_used_at": None,
}
USER = json.dumps(
    {
        "id": str(UUID(int=2)),
        "email": "nightly@services",
        "name": "nightly",
        "role": "user",
        "permissions": [],
        "limits": {},
        "kind": "service",
    }
).encode()


class Fleet(Protocol):
    """The scripted server of conftest.py."""

    url: str
    requests: list[tuple[str, dict[str, str], bytes]]

    def on(self, line: str, *answers: Any) -> None: ...


def comfyfleet(fleet: Fleet, *words: str) -> Result:
    environment = {"COMFYFLEET_URL": fleet.url, "COMFYFLEET_API_KEY": "cf_key"}
    return CliRunner(env=environment).invoke(application(), ("keys", *words))


@pytest.fixture(autouse=True)
def keys(fleet: Fleet) -> None:
    fleet.on("GET /v1/api-keys", json.dumps({"items": [KEY]}).encode())


def test_keys_are_listed_with_their_last_use(fleet: Fleet) -> None:
    done = comfyfleet(fleet, "list")

    assert done.exit_code == 0, done.output
    for text in (KEY_ID, "cf_3xK9aB…", "nightly", "jobs:read jobs:run", "never", "2027-12-01"):
        assert text in done.output
    assert fleet.requests[0][1]["Authorization"] == "Bearer cf_key"
    assert json.loads(comfyfleet(fleet, "list", "--json").output)[0]["id"] == KEY_ID


def test_a_new_key_is_printed_alone(fleet: Fleet) -> None:
    fleet.on("POST /v1/api-keys", json.dumps(KEY | {"secret": "cf_secret"}).encode())
    done = comfyfleet(fleet, "create", "nightly", "--scope", "jobs:run", "--days", "30")

    assert done.output == "cf_secret\n"
    _, headers, body = fleet.requests[0]
    assert headers["Idempotency-Key"]
    assert json.loads(body).keys() == {"name", "scopes", "expires_at"}


@pytest.mark.parametrize("name", [KEY_ID, "nightly", "cf_3xK9aB"])
def test_a_key_is_deleted_by_id_name_or_first_letters(fleet: Fleet, name: str) -> None:
    fleet.on(f"DELETE /v1/api-keys/{KEY_ID}", b"")
    done = comfyfleet(fleet, "delete", name)

    assert done.output == "deleted cf_3xK9aB nightly\n"


def test_a_name_that_no_key_has_deletes_nothing(fleet: Fleet) -> None:
    done = comfyfleet(fleet, "delete", "other")

    assert "There is no key 'other'" in str(done.exception)
    assert [line for line, _, _ in fleet.requests] == ["GET /v1/api-keys"]


def test_two_keys_of_one_name_are_told_by_their_ids(fleet: Fleet) -> None:
    both = [KEY, KEY | {"id": str(UUID(int=3))}]
    fleet.on("GET /v1/api-keys", json.dumps({"items": both}).encode())

    assert KEY_ID in str(comfyfleet(fleet, "delete", "nightly").exception)


def test_keys_of_a_service_account_are_named_by_its_id(fleet: Fleet) -> None:
    path = f"/v1/users/{UUID(int=2)}"
    fleet.on(f"GET {path}", USER)
    fleet.on(f"GET {path}/api-keys", json.dumps({"items": [KEY]}).encode())
    fleet.on(f"POST {path}/api-keys", json.dumps(KEY | {"secret": "cf_secret"}).encode())

    assert "nightly" in comfyfleet(fleet, "list", "--user", str(UUID(int=2))).output
    made = comfyfleet(fleet, "create", "nightly", "--user", str(UUID(int=2)))
    assert made.output == "cf_secret\n"
