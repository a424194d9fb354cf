"""Contents that wait to be looked into, and what was seen in them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from media.adapters.sql.tables import BLOBS, HAS_CONTENT, MEDIA, OF_BOTH, RENDITIONS, SEEN
from media.domain.records import Prepared, Thumbnail, Unprepared
from runtime.postgres.transaction import transaction

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30, 3_600
MOST_TRIES = 30
"""About a day of a store that is away; after that only who asks for a thumbnail tries."""


class SqlPreviews:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def claim(self, now: datetime, limit: int) -> list[Unprepared]:
        waiting = (
            unprepared()
            .add_columns(BLOBS.c.tries)
            .where(BLOBS.c.try_at <= now, BLOBS.c.tries < MOST_TRIES)
            .order_by(BLOBS.c.try_at)
            .limit(limit)
            .with_for_update(of=BLOBS, skip_locked=True)
        )
        async with transaction(self._database) as connection:
            rows = (await connection.execute(waiting)).mappings().all()
            for row in rows:
                await put_off(connection, row, now)
        return [as_unprepared(row) for row in rows]

    async def waiting(self, owner_id: UUID, blake3: str) -> Unprepared | None:
        asked = unprepared().where(BLOBS.c.owner_id == owner_id, BLOBS.c.blake3 == blake3)
        async with transaction(self._database) as connection:
            row = (await connection.execute(asked)).mappings().first()
        return as_unprepared(row) if row else None

    async def tell(self, content: Unprepared, seen: Prepared, now: datetime) -> bool:
        here = (BLOBS.c.owner_id == content.owner_id) & (BLOBS.c.blake3 == content.blake3)
        same = here & (BLOBS.c.key == content.key) & BLOBS.c.prepared_at.is_(None)
        done = update(BLOBS).where(same).returning(BLOBS.c.key)
        values = {name: getattr(seen, name) for name in (*SEEN, *OF_BOTH, "problem")}
        async with transaction(self._database) as connection:
            row = (await connection.execute(done.values(prepared_at=now, **values))).first()
            if row is None:
                return False
            if seen.thumbnails:
                rows = [rendition(content, thumbnail) for thumbnail in seen.thumbnails]
                await connection.execute(insert(RENDITIONS), rows)
        return True

    async def thumbnails(self, owner_id: UUID, blake3: str) -> dict[int, Thumbnail]:
        asked = select(RENDITIONS).where(
            RENDITIONS.c.owner_id == owner_id, RENDITIONS.c.blake3 == blake3
        )
        async with transaction(self._database) as connection:
            rows = (await connection.execute(asked)).mappings().all()
        return {row["width"]: as_thumbnail(row) for row in rows}


def unprepared() -> Select[*tuple[Any, ...]]:
    """Contents nobody looked into; each with the type that one of its media has."""
    content_type = select(MEDIA.c.content_type).where(HAS_CONTENT).limit(1).scalar_subquery()
    columns = (BLOBS.c.owner_id, BLOBS.c.blake3, BLOBS.c.key, BLOBS.c.size_bytes)
    return select(*columns, content_type.label("content_type")).where(
        BLOBS.c.prepared_at.is_(None), content_type.is_not(None)
    )


async def put_off(connection: AsyncConnection, row: RowMapping, now: datetime) -> None:
    pause = min(FIRST_PAUSE_SECONDS * 2 ** row["tries"], LONGEST_PAUSE_SECONDS)
    here = tuple_(BLOBS.c.owner_id, BLOBS.c.blake3) == tuple_(row["owner_id"], row["blake3"])
    later = {"tries": row["tries"] + 1, "try_at": now + timedelta(seconds=pause)}
    await connection.execute(update(BLOBS).where(here).values(**later))


def as_unprepared(row: RowMapping) -> Unprepared:
    names = ("owner_id", "blake3", "key", "size_bytes", "content_type")
    return Unprepared(*(row[name] for name in names))


def as_thumbnail(row: RowMapping) -> Thumbnail:
    names = ("width", "key", "content_type", "size_bytes", "digest")
    return Thumbnail(*(row[name] for name in names))


def rendition(content: Unprepared, thumbnail: Thumbnail) -> dict[str, Any]:
    return {
        "owner_id": content.owner_id,
        "blake3": content.blake3,
        "width": thumbnail.width,
        "key": thumbnail.key,
        "content_type": thumbnail.content_type,
        "size_bytes": thumbnail.size_bytes,
        "digest": thumbnail.digest,
    }
