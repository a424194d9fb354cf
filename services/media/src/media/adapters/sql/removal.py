"""Deletion: rows go in one transaction, which also notes the objects that have to follow."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, delete, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import NotFoundError
from contracts.media.library import DeletionCause, MediaDeleted
from media.adapters.sql import contents
from media.adapters.sql.tables import BLOBS, DOOMED, MEDIA, RENDITIONS
from media.domain.retention import Ages
from runtime.outbox import messages as outbox
from runtime.postgres.transaction import transaction


class SqlRemoval:
    """`tell` is called when a commit left something in the outbox."""

    def __init__(self, database: AsyncEngine, tell: Callable[[], None]) -> None:
        self._database = database
        self._tell = tell

    async def remove(
        self, media_id: UUID, owner_id: UUID, now: datetime, cause: DeletionCause
    ) -> list[str]:
        mine = (MEDIA.c.id == media_id) & (MEDIA.c.owner_id == owner_id)
        async with transaction(self._database) as connection:
            await contents.lock_owner(connection, owner_id)
            gone = delete(MEDIA).where(mine).returning(MEDIA)
            row = (await connection.execute(gone)).mappings().first()
            if row is None:
                raise NotFoundError(f"there is no medium {media_id}")
            await outbox.append(connection, [outbox.event(deletion(row, now, cause))])
            keys = await drop_content(connection, owner_id, row["blake3"])
            if keys:
                rows = [{"key": key, "since": now} for key in keys]
                await connection.execute(upsert(DOOMED).values(rows).on_conflict_do_nothing())
        self._tell()
        return keys

    async def expired(self, now: datetime, ages: Ages, limit: int) -> list[tuple[UUID, UUID]]:
        asked = select(MEDIA.c.id, MEDIA.c.owner_id).where(is_over(now, ages)).limit(limit)
        async with transaction(self._database) as connection:
            rows = (await connection.execute(asked)).all()
        return [(media_id, owner_id) for media_id, owner_id in rows]

    async def doomed(self, before: datetime, limit: int) -> list[str]:
        asked = select(DOOMED.c.key).where(DOOMED.c.since <= before).limit(limit)
        async with transaction(self._database) as connection:
            return list((await connection.execute(asked)).scalars())

    async def deleted(self, keys: Sequence[str]) -> None:
        async with transaction(self._database) as connection:
            await connection.execute(delete(DOOMED).where(DOOMED.c.key.in_(keys)))


def deletion(row: RowMapping, now: datetime, cause: DeletionCause) -> MediaDeleted:
    return MediaDeleted(
        version=1,
        occurred_at=now,
        media_id=row["id"],
        owner_id=row["owner_id"],
        kind=row["kind"],
        job_id=row["job_id"],
        cause=cause,
    )


async def drop_content(connection: AsyncConnection, owner_id: UUID, blake3: str) -> list[str]:
    """Forget a content that no medium has any more; its keys, or none if one still has it."""
    others = select(MEDIA.c.id).where(MEDIA.c.owner_id == owner_id, MEDIA.c.blake3 == blake3)
    if (await connection.execute(others.limit(1))).first():
        return []
    small = select(RENDITIONS.c.key).where(
        RENDITIONS.c.owner_id == owner_id, RENDITIONS.c.blake3 == blake3
    )
    keys = list((await connection.execute(small)).scalars())
    gone = delete(BLOBS).where(BLOBS.c.owner_id == owner_id, BLOBS.c.blake3 == blake3)
    keys += (await connection.execute(gone.returning(BLOBS.c.key))).scalars()
    return keys


def is_over(now: datetime, ages: Ages) -> ColumnElement[bool]:
    """Say whose time has come: what its owner said counts before the rule."""
    over = [MEDIA.c.expires_at <= now]
    ruled = MEDIA.c.expires_at.is_(None) & ~MEDIA.c.is_favorite
    if ages.results:
        over.append(
            ruled & MEDIA.c.job_id.is_not(None) & (MEDIA.c.created_at <= now - ages.results)
        )
    if ages.uploads:
        over.append(ruled & MEDIA.c.job_id.is_(None) & (MEDIA.c.created_at <= now - ages.uploads))
    return or_(*over)
