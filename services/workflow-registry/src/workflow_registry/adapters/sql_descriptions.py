"""Descriptions of servers on Postgres, which arrive in pages."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import InvalidError, NotFoundError
from runtime.postgres.retention_time import retention_time
from runtime.postgres.transaction import transaction
from workflow_registry.adapters.tables import description_pages as parts
from workflow_registry.adapters.tables import descriptions
from workflow_registry.domain.descriptions import Description, read_description

MAX_STORED = 2_000
UNUSED_FOR = timedelta(days=7)
INCOMPLETE_FOR = timedelta(minutes=10)


class SqlDescriptions:
    """Bounded: deletes what was unused for a week, and the longest unused above `MAX_STORED`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def known(self, digests: Collection[str]) -> set[str]:
        statement = select(descriptions.c.digest).where(descriptions.c.digest.in_(digests))
        async with transaction(self._engine) as connection:
            return set(await connection.scalars(statement))

    async def newest(self, limit: int) -> set[str]:
        async with transaction(self._engine) as connection:
            return set(await connection.scalars(newest(limit)))

    async def read(self, digest: str) -> Description:
        statement = select(descriptions.c.content).where(descriptions.c.digest == digest)
        async with transaction(self._engine) as connection:
            content = await connection.scalar(statement)
        if content is None:
            raise NotFoundError("there is no such description")
        return await asyncio.to_thread(read_description, digest, content)

    async def add(self, digest: str, page: int, pages: int, data: bytes) -> bool:
        async with transaction(self._engine) as connection:
            contents = await add_page(connection, digest, page, pages, data)
        if len(contents) < pages:
            return False
        whole, drop_pages = b"".join(contents), delete(parts).where(parts.c.digest == digest)
        try:
            await asyncio.to_thread(read_description, digest, whole)
        except InvalidError:
            async with transaction(self._engine) as connection:
                await connection.execute(drop_pages)
            raise
        added = insert(descriptions).values(digest=digest, content=whole)
        used = added.on_conflict_do_update(index_elements=["digest"], set_={"used_at": func.now()})
        async with transaction(self._engine) as connection:
            await connection.execute(used)
            await connection.execute(drop_pages)
            await connection.execute(delete(descriptions).where(IS_SURPLUS))
        return True

    async def prune(self, in_use: Collection[str]) -> None:
        used = update(descriptions).where(descriptions.c.digest.in_(in_use))
        now = await retention_time(self._engine)
        old = descriptions.c.used_at < now - UNUSED_FOR
        incomplete = delete(parts).where(parts.c.created_at < now - INCOMPLETE_FOR)
        async with transaction(self._engine) as connection:
            await connection.execute(used.values(used_at=func.now()))
            await connection.execute(delete(descriptions).where(or_(old, IS_SURPLUS)))
            await connection.execute(incomplete)


async def add_page(
    connection: AsyncConnection, digest: str, page: int, pages: int, data: bytes
) -> list[bytes]:
    """Store one page; return the content of all that are there, in order."""
    statement = insert(parts).values(digest=digest, page=page, pages=pages, content=data)
    changes = {"content": statement.excluded.content, "created_at": func.now()}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["digest", "pages", "page"], set_=changes)
    )
    stored = select(parts.c.content).where(parts.c.digest == digest, parts.c.pages == pages)
    return list(await connection.scalars(stored.order_by(parts.c.page)))


def newest(limit: int) -> Select[Any]:
    return select(descriptions.c.digest).order_by(descriptions.c.used_at.desc()).limit(limit)


IS_SURPLUS = descriptions.c.digest.not_in(newest(MAX_STORED))
