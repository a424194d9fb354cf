"""Descriptions of servers on Postgres, sent in pages."""

import asyncio
from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import InvalidError, NotFoundError
from runtime.postgres.transaction import transaction
from workflow_registry.domain.descriptions import Description, read_description

MOST_KEPT = 2_000
KNOWN = text("SELECT digest FROM descriptions WHERE digest = ANY(:digests)")
NEWEST = text("SELECT digest FROM descriptions ORDER BY used_at DESC LIMIT :most")
CONTENT = text("SELECT content FROM descriptions WHERE digest = :digest")
ADD_PAGE = text("""
    INSERT INTO description_pages (digest, page, pages, content)
    VALUES (:digest, :page, :pages, :content)
    ON CONFLICT (digest, pages, page) DO UPDATE SET content = excluded.content, created_at = now()
""")
PAGES = text("""
    SELECT content FROM description_pages WHERE digest = :digest AND pages = :pages ORDER BY page
""")
DROP_PAGES = text("DELETE FROM description_pages WHERE digest = :digest")
ADD = text("""
    INSERT INTO descriptions (digest, content) VALUES (:digest, :content)
    ON CONFLICT (digest) DO UPDATE SET used_at = now()
""")
TOUCH = text("UPDATE descriptions SET used_at = now() WHERE digest = ANY(:digests)")
DROP_OLD = text("""
    DELETE FROM descriptions WHERE used_at < now() - interval '7 days'
    OR digest NOT IN (SELECT digest FROM descriptions ORDER BY used_at DESC LIMIT :most)
""")
DROP_LONE_PAGES = text(
    "DELETE FROM description_pages WHERE created_at < now() - interval '10 minutes'"
)


class SqlDescriptions:
    """Bounded: what is unused for a week goes, and beyond `MOST_KEPT` what was longest unused."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def known(self, digests: Collection[str]) -> set[str]:
        async with transaction(self._engine) as connection:
            rows = await connection.execute(KNOWN, {"digests": list(digests)})
            return set(rows.scalars())

    async def newest(self, most: int) -> set[str]:
        async with transaction(self._engine) as connection:
            return set((await connection.execute(NEWEST, {"most": most})).scalars())

    async def read(self, digest: str) -> Description:
        async with transaction(self._engine) as connection:
            content = (await connection.execute(CONTENT, {"digest": digest})).scalar()
        if content is None:
            raise NotFoundError("there is no such description")
        return await asyncio.to_thread(read_description, digest, content)

    async def add(self, digest: str, page: int, pages: int, data: bytes) -> bool:
        async with transaction(self._engine) as connection:
            values = {"digest": digest, "page": page, "pages": pages, "content": data}
            await connection.execute(ADD_PAGE, values)
            rows = await connection.execute(PAGES, {"digest": digest, "pages": pages})
            contents: list[bytes] = list(rows.scalars())
        if len(contents) < pages:
            return False
        whole = b"".join(contents)
        try:
            await asyncio.to_thread(read_description, digest, whole)
        except InvalidError:
            async with transaction(self._engine) as connection:
                await connection.execute(DROP_PAGES, {"digest": digest})
            raise
        async with transaction(self._engine) as connection:
            await connection.execute(ADD, {"digest": digest, "content": whole})
            await connection.execute(DROP_PAGES, {"digest": digest})
            await connection.execute(DROP_OLD, {"most": MOST_KEPT})
        return True

    async def forget(self, in_use: Collection[str]) -> None:
        async with transaction(self._engine) as connection:
            await connection.execute(TOUCH, {"digests": list(in_use)})
            await connection.execute(DROP_OLD, {"most": MOST_KEPT})
            await connection.execute(DROP_LONE_PAGES)
