"""API keys over HTTP: made once, used like a token, refused at once when they are deleted."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from gateway.http.api_keys import make_key, owner_of
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .api_keys import FakeKeys
from .fleet import Fleet, a_fleet
from .sse import following

SOON = 6.0


@pytest.fixture
async def fleet(nats: NatsServer) -> AsyncGenerator[Fleet, None]:
    async with a_fleet(nats) as fleet:
        yield fleet


@pytest.fixture
async def keys(fleet: Fleet) -> FakeKeys:
    keys = FakeKeys(fleet)
    await keys.serve()
    return keys


async def test_a_key_is_shown_once_and_works_at_once(fleet: Fleet, keys: FakeKeys) -> None:
    body = {"name": "nightly", "scopes": ["jobs:run"]}
    made = await fleet.client.post("/v1/api-keys", json=body)

    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith(made.json()["prefix"])
    assert made.headers["location"] == f"/v1/api-keys/{made.json()['id']}"
    assert secret not in keys.created[0].model_dump_json()
    assert "secret" not in (await fleet.client.get("/v1/api-keys")).json()["items"][0]
    bearer = {"Authorization": f"Bearer {secret}"}
    assert (await fleet.client.get("/v1/jobs", headers=bearer)).status_code == 200
    assert (await fleet.client.get("/v1/nodes", headers=bearer)).status_code == 403


async def test_a_repeat_never_shows_a_secret(fleet: Fleet, keys: FakeKeys) -> None:
    sent: dict[str, Any] = {"json": {"name": "a"}, "headers": {"Idempotency-Key": "k"}}
    first = await fleet.client.post("/v1/api-keys", **sent)
    again = await fleet.client.post("/v1/api-keys", **sent)

    assert (first.status_code, again.status_code) == (201, 409)
    assert len(keys.created) == 1


async def test_a_key_has_its_scopes_as_long_as_the_role_has_them(
    fleet: Fleet, keys: FakeKeys
) -> None:
    bearer = await keys.has_key("jobs:run", "workflows:read")
    assert (await fleet.client.get("/v1/workflows", headers=bearer)).status_code == 200

    await keys.publish(permissions=["jobs:run"])

    async def is_refused() -> bool:
        return (await fleet.client.get("/v1/workflows", headers=bearer)).status_code == 403

    await eventually(is_refused)
    assert (await fleet.client.get("/v1/jobs", headers=bearer)).status_code == 200


async def test_a_key_makes_and_deletes_no_keys(fleet: Fleet, keys: FakeKeys) -> None:
    bearer = await keys.has_key("jobs:run", "users:write")
    made = await fleet.client.post("/v1/api-keys", json={"name": "another"}, headers=bearer)
    gone = await fleet.client.delete(f"/v1/api-keys/{uuid4()}", headers=bearer)

    for answer in (made, gone):
        assert answer.status_code == 403
        assert answer.json()["type"].endswith(":session_needed")
    assert not keys.created


async def test_administrators_manage_the_keys_of_services(fleet: Fleet, keys: FakeKeys) -> None:
    service_id = uuid4()
    path = f"/v1/users/{service_id}/api-keys"
    made = await fleet.client.post(path, json={"name": "nightly"})
    assert made.status_code == 201
    assert owner_of(made.json()["secret"]) == service_id
    key_id = made.json()["id"]
    assert made.headers["location"] == f"{path}/{key_id}"
    listed = (await fleet.client.get(path)).json()["items"]
    assert [key["id"] for key in listed] == [key_id]
    assert (await fleet.client.get("/v1/api-keys")).json()["items"] == []

    bearer = await keys.has_key("users:write", "jobs:run")
    assert (await fleet.client.post(path, json={"name": "a"}, headers=bearer)).status_code == 403
    plain = fleet.headers(permissions=["users:read"])
    for method, at in (("GET", path), ("POST", path), ("DELETE", f"{path}/{key_id}")):
        refused = await fleet.client.request(method, at, json={"name": "a"}, headers=plain)
        assert refused.status_code == 403
    assert (await fleet.client.delete(f"{path}/{key_id}")).status_code == 204


@pytest.mark.usefixtures("keys")
async def test_a_deleted_key_is_refused_and_its_streams_end(fleet: Fleet) -> None:
    made = (await fleet.client.post("/v1/api-keys", json={"name": "a"})).json()
    bearer = {"Authorization": f"Bearer {made['secret']}"}
    fleet.scheduler.add(fleet.user_id)
    async with following(fleet.client, "/v1/events", headers=bearer) as stream:
        await stream.next()
        gone = await fleet.client.delete(f"/v1/api-keys/{made['id']}")
        assert gone.status_code == 204
        assert await stream.rest(SOON) == []

    assert (await fleet.client.get("/v1/jobs", headers=bearer)).status_code == 401
    again = await fleet.client.delete(f"/v1/api-keys/{made['id']}")
    assert again.status_code == 404


@pytest.mark.parametrize("principal", [{"is_blocked": True}, {"permissions": []}])
async def test_a_key_goes_no_further_than_its_user(
    fleet: Fleet, keys: FakeKeys, principal: dict[str, Any]
) -> None:
    bearer = await keys.has_key("jobs:run")
    fleet.scheduler.add(fleet.user_id)
    async with following(fleet.client, "/v1/events", headers=bearer) as stream:
        await stream.next()
        await keys.publish(**principal)
        assert await stream.rest(SOON) == []

    assert (await fleet.client.get("/v1/jobs", headers=bearer)).status_code in {401, 403}


async def test_the_end_of_all_sessions_ends_no_key(fleet: Fleet, keys: FakeKeys) -> None:
    bearer = await keys.has_key("jobs:run")
    await keys.publish(sessions_valid_from=2**40)

    async def sessions_are_over() -> bool:
        return (await fleet.client.get("/v1/jobs")).status_code == 401

    await eventually(sessions_are_over)
    assert (await fleet.client.get("/v1/jobs", headers=bearer)).status_code == 200


async def test_mistyped_expired_and_unknown_keys_are_told_apart(
    fleet: Fleet, keys: FakeKeys
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    expired = await keys.has_key("jobs:run", expires_at=past)
    told = {"expired": expired["Authorization"].removeprefix("Bearer ")}
    told |= {"mistyped": "cf_abc", "does not exist": make_key(uuid4())}
    for reason, key in told.items():
        answer = await fleet.client.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401
        assert reason in answer.json()["detail"]
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_auth_learns_that_a_key_is_used(fleet: Fleet, keys: FakeKeys) -> None:
    bearer = await keys.has_key("jobs:run")
    for _ in range(3):
        await fleet.client.get("/v1/jobs", headers=bearer)

    await eventually(lambda: bool(keys.used))
    assert keys.used == list(keys.published)


async def test_a_key_has_a_rate_of_its_own(nats: NatsServer) -> None:
    async with a_fleet(nats, key_rate_per_second=0.001, key_rate_burst=20) as fleet:
        keys = FakeKeys(fleet)
        await keys.serve()
        bearer = await keys.has_key("jobs:run")
        path = "/v1/jobs"
        answers = [await fleet.client.get(path, headers=bearer) for _ in range(21)]

        assert answers[-1].status_code == 429
        assert (await fleet.client.get(path)).status_code == 200
