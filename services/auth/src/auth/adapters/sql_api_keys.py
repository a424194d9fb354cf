"""Rows of API keys."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from auth.adapters.sql_users import SqlUsers
from auth.adapters.tables import api_keys
from auth.domain.api_keys import EXPIRED_KEPT, ApiKey


class SqlApiKeys(SqlUsers):
    async def api_keys(self, user_id: UUID) -> list[ApiKey]:
        newest_first = api_keys.c.created_at.desc(), api_keys.c.id.desc()
        found = select(api_keys).where(api_keys.c.user_id == user_id).order_by(*newest_first)
        return [ApiKey(**row) for row in (await self._connection.execute(found)).mappings()]

    async def add_api_key(self, key: ApiKey) -> None:
        await self._connection.execute(insert(api_keys), asdict(key))
        await self._publish_principal(key.user_id)

    async def delete_api_key(self, key: ApiKey) -> None:
        await self._connection.execute(delete(api_keys).where(api_keys.c.id == key.id))
        await self._publish_principal(key.user_id)

    async def mark_used(self, key_ids: Sequence[UUID], now: datetime) -> None:
        used = update(api_keys).where(api_keys.c.id.in_(key_ids))
        await self._connection.execute(used.values(last_used_at=now))

    async def _prune_api_keys(self, now: datetime) -> None:
        """Delete keys that expired long ago; the buckets follow at their next correction."""
        is_over = api_keys.c.expires_at <= now - EXPIRED_KEPT
        await self._connection.execute(delete(api_keys).where(is_over))
