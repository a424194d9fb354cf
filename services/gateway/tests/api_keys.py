"""API keys as auth would keep and publish them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

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

from .fleet import Fleet

NOW = datetime(2026, 1, 1, tzinfo=UTC)


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
        items = [view for view in self.views.values() if view.user_id == query.user_id]
        return ApiKeyPage(items=items)

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
