"""All media, whoever made them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from media.adapters.sql.tables import MEDIA, as_kept, select_kept
from media.domain.records import Kept
from runtime.transactions import transaction


class SqlLibrary:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def find(self, media_ids: Sequence[UUID], owner_id: UUID) -> list[Kept]:
        if not media_ids:
            return []
        asked = select_kept().where(MEDIA.c.id.in_(media_ids), MEDIA.c.owner_id == owner_id)
        async with transaction(self._database) as connection:
            rows = (await connection.execute(asked)).mappings().all()
        found = {kept.view.id: kept for kept in map(as_kept, rows)}
        return [found[media_id] for media_id in dict.fromkeys(media_ids) if media_id in found]

    async def get(self, media_id: UUID) -> Kept | None:
        asked = select_kept().where(MEDIA.c.id == media_id)
        async with transaction(self._database) as connection:
            row = (await connection.execute(asked)).mappings().first()
        return as_kept(row) if row else None
