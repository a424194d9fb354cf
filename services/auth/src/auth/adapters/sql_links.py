"""Rows of one-time links: one for each user at most."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from auth.adapters.sql_rows import SqlRows
from auth.adapters.tables import links
from auth.domain.links import PasswordLink


class SqlLinks(SqlRows):
    async def link(self, digest: str) -> PasswordLink | None:
        row = await self._one(select(links).where(links.c.digest == digest))
        return PasswordLink(**row) if row else None

    async def save_link(self, link: PasswordLink) -> None:
        values = asdict(link)
        insert = upsert(links).values(values)
        await self._connection.execute(
            insert.on_conflict_do_update(index_elements=["user_id"], set_=values)
        )

    async def _prune_links(self, now: datetime) -> None:
        await self._connection.execute(delete(links).where(links.c.expires_at <= now))
