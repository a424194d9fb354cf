"""API keys over HTTP: made once, used like a token, refused at once when they are deleted."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.auth.keys import (
    ApiKeyPage,
    ApiKeysUsed,
    ApiKeyView,
    CreateApiKey,
    DeleteApiKey,
    ListApiKeys,
)
from contracts.auth.principals import PublishedApiKey
from contracts.errors import ConflictError, NotFoundError
from contracts.message import Accepted
from gateway.http.api_keys import digest_of, make_key
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .sse import following

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOON = 6.0


class FakeKeys:
    """Keeps keys in memory and publishes them, as auth does."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.views: dict[UUID, ApiKeyView] = {}
        self.published: dict[UUID, PublishedApiKey] = {}
        self.created: list[CreateApiKey] = []
        self.used: list[UUID] = []

    async def serve(self) -> None:
        await self.fleet.auth.serve(CreateApiKey, self.create)
        await self.fleet.auth.serve(ListApiKeys, self.list)
        await self.fleet.auth.serve(DeleteApiKey, self.delete)
        await self.fleet.auth.subscribe(ApiKeysUsed, self.use)

    async def create(self, command: CreateApiKey) -> ApiKeyView:
        if command.idempotency in [
            known.idempotency for known in self.created if known.idempotency
        ]:
            raise ConflictError("once", code="idempotency_key_used")
        self.created.append(command)
        scopes = command.key.scopes or sorted(command.actor.permissions)
        view = ApiKeyView(
            id=command.key_id,
            user_id=command.user_id,
            name=command.key.name,
            prefix=command.prefix,
            scopes=scopes,
            created_at=NOW,
            expires_at=command.key.expires_at,
            last_used_at=None,
        )
        await self.put(command.key_id, command.digest, [*map(str, scopes)])
        self.views[view.id] = view
        return view

    async def list(self, query: ListApiKeys) -> ApiKeyPage:
        assert query.user_id == query.actor.user_id
        return ApiKeyPage(items=[*self.views.values()])

    async def delete(self, command: DeleteApiKey) -> Accepted:
        if command.key_id not in self.views:
            raise NotFoundError("there is no such key")
        del self.views[command.key_id], self.published[command.key_id]
        await self.publish()
        return Accepted()

    async def use(self, signal: ApiKeysUsed) -> None:
        self.used += signal.key_ids

    async def put(self, key_id: UUID, digest: str, scopes: Sequence[str], **more: Any) -> None:
        key = PublishedApiKey(id=key_id, digest=digest, scopes=[*scopes], **more)
        self.published[key_id] = key
        await self.publish()

    async def publish(self, **principal: Any) -> None:
        keys = list(self.published.values())
        await self.fleet.has_user(self.fleet.user_id, api_keys=keys, **principal)

    async def has_key(self, *scopes: str, **more: Any) -> dict[str, str]:
        """Publish a key that auth made; return its header once the gateway knows it."""
        key = make_key(self.fleet.user_id)
        await self.put(uuid4(), digest_of(key), [*scopes], **more)
        bearer = {"Authorization": f"Bearer {key}"}

        async def is_known() -> bool:
            answer = await self.fleet.client.get("/v1/jobs", headers=bearer)
            return "does not exist" not in answer.text

        await eventually(is_known)
        return bearer


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
