"""Keeps previews, and the blobs that wait for one."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from media.adapters.sql.tables import (
    BLOBS,
    HAS_BLOB,
    MEASURED,
    MEDIA,
    RENDITIONS,
    SIZE,
    from_row,
    of_blob,
)
from media.domain.inspection import BlobPreview, Thumbnail
from media.domain.records import PreviewTask
from runtime.postgres.transaction import transaction

FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS = 30, 3_600
MAX_TRIES = 30
"""About a day without a store. After that only a request for a thumbnail tries again."""


class SqlPreviews:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def take_tasks(self, now: datetime, limit: int) -> list[PreviewTask]:
        waiting = (
            tasks()
            .add_columns(BLOBS.c.tries)
            .where(BLOBS.c.try_at <= now, BLOBS.c.tries < MAX_TRIES)
            .order_by(BLOBS.c.try_at)
            .limit(limit)
            .with_for_update(of=BLOBS, skip_locked=True)
        )
        async with transaction(self._database) as connection:
            rows = (await connection.execute(waiting)).mappings().all()
            for row in rows:
                await delay(connection, row, now)
        return [from_row(PreviewTask, row) for row in rows]

    async def find_task(self, owner_id: UUID, blake3: str) -> PreviewTask | None:
        query = tasks().where(of_blob(BLOBS, owner_id, blake3))
        async with transaction(self._database) as connection:
            row = (await connection.execute(query)).mappings().first()
        return from_row(PreviewTask, row) if row else None

    async def complete(self, task: PreviewTask, preview: BlobPreview, now: datetime) -> bool:
        here = of_blob(BLOBS, task.owner_id, task.blake3)
        same = here & (BLOBS.c.key == task.key) & BLOBS.c.prepared_at.is_(None)
        done = update(BLOBS).where(same).returning(BLOBS.c.key)
        values = {name: getattr(preview, name) for name in (*MEASURED, *SIZE, "problem")}
        async with transaction(self._database) as connection:
            row = (await connection.execute(done.values(prepared_at=now, **values))).first()
            if row is None:
                return False
            if preview.thumbnails:
                blob = {"owner_id": task.owner_id, "blake3": task.blake3}
                rows = [asdict(thumbnail) | blob for thumbnail in preview.thumbnails]
                await connection.execute(insert(RENDITIONS), rows)
        return True

    async def thumbnails(self, owner_id: UUID, blake3: str) -> dict[int, Thumbnail]:
        query = select(RENDITIONS).where(of_blob(RENDITIONS, owner_id, blake3))
        async with transaction(self._database) as connection:
            rows = (await connection.execute(query)).mappings().all()
        return {row["width"]: from_row(Thumbnail, row) for row in rows}


def tasks() -> Select[*tuple[Any, ...]]:
    """Select blobs without a preview, each with the type of one of its media."""
    content_type = select(MEDIA.c.content_type).where(HAS_BLOB).limit(1).scalar_subquery()
    columns = (BLOBS.c.owner_id, BLOBS.c.blake3, BLOBS.c.key)
    return select(*columns, content_type.label("content_type")).where(
        BLOBS.c.prepared_at.is_(None), content_type.is_not(None)
    )


async def delay(connection: AsyncConnection, row: RowMapping, now: datetime) -> None:
    seconds = min(FIRST_DELAY_SECONDS * 2 ** row["tries"], MAX_DELAY_SECONDS)
    here = of_blob(BLOBS, row["owner_id"], row["blake3"])
    later = {"tries": row["tries"] + 1, "try_at": now + timedelta(seconds=seconds)}
    await connection.execute(update(BLOBS).where(here).values(**later))
