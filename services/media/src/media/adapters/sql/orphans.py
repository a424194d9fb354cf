"""Rows and keys that nobody needs any more."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from media.adapters.sql.tables import BLOBS, IDEMPOTENCY, MEDIA, UPLOADS
from runtime.transactions import transaction


class SqlOrphans:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def forget(self, before: datetime) -> None:
        here = (MEDIA.c.owner_id == BLOBS.c.owner_id) & (MEDIA.c.blake3 == BLOBS.c.blake3)
        unused = delete(BLOBS).where(BLOBS.c.used_at < before, ~exists().where(here))
        async with transaction(self._database) as connection:
            await connection.execute(delete(UPLOADS).where(UPLOADS.c.created_at < before))
            await connection.execute(delete(IDEMPOTENCY).where(IDEMPOTENCY.c.created_at < before))
            # A content that comes into use meanwhile is touched first, and so no longer old.
            await connection.execute(unused)

    async def unreferenced(self, keys: Sequence[str]) -> list[str]:
        asked = select(BLOBS.c.key).where(BLOBS.c.key.in_(keys))
        async with transaction(self._database) as connection:
            named = set((await connection.execute(asked)).scalars())
        return [key for key in keys if key not in named]
