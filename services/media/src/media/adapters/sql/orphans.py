"""Rows and keys that nobody needs any more."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select, union_all
from sqlalchemy.ext.asyncio import AsyncEngine

from media.adapters.sql.tables import (
    BLOBS,
    HAS_CONTENT,
    IDEMPOTENCY,
    LINKS,
    RENDITIONS,
    UPLOADS,
)
from runtime.postgres.transaction import transaction


class SqlOrphans:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def forget(self, before: datetime) -> None:
        unused = delete(BLOBS).where(BLOBS.c.used_at < before, ~exists().where(HAS_CONTENT))
        async with transaction(self._database) as connection:
            await connection.execute(delete(UPLOADS).where(UPLOADS.c.created_at < before))
            await connection.execute(delete(IDEMPOTENCY).where(IDEMPOTENCY.c.created_at < before))
            await connection.execute(delete(LINKS).where(LINKS.c.expires_at < before))
            # A content that comes into use meanwhile is touched first, and so no longer old.
            await connection.execute(unused)

    async def unreferenced(self, keys: Sequence[str]) -> list[str]:
        asked = union_all(
            select(BLOBS.c.key).where(BLOBS.c.key.in_(keys)),
            select(RENDITIONS.c.key).where(RENDITIONS.c.key.in_(keys)),
        )
        async with transaction(self._database) as connection:
            named = set((await connection.execute(asked)).scalars())
        return [key for key in keys if key not in named]
