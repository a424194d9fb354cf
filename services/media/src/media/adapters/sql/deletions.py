"""Deletes rows, and keeps the keys of objects that are still to be deleted."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import NotFoundError
from contracts.media.library import DeletionCause, MediaDeleted
from media.adapters.sql import blobs
from media.adapters.sql.tables import (
    ATTEMPTS,
    BLOBS,
    DELETED_JOBS,
    DOOMED,
    HAS_ATTEMPT,
    HAS_BLOB,
    IDEMPOTENCY,
    LINKS,
    MEDIA,
    RENDITIONS,
    UPLOADS,
    of_blob,
)
from media.domain.records import RetentionAges
from runtime.outbox import messages as outbox
from runtime.postgres.retention_time import retention_time
from runtime.postgres.slices import delete_in_slices
from runtime.postgres.transaction import transaction

LONGEST_GRANT = timedelta(days=31)


class SqlDeletions:
    """Calls `nudge_outbox` after a commit that left a message in the outbox."""

    def __init__(self, database: AsyncEngine, nudge_outbox: Callable[[], None]) -> None:
        self._database = database
        self._nudge_outbox = nudge_outbox

    async def delete(
        self, media_id: UUID, owner_id: UUID, now: datetime, cause: DeletionCause
    ) -> list[str]:
        mine = (MEDIA.c.id == media_id) & (MEDIA.c.owner_id == owner_id)
        async with transaction(self._database) as connection:
            await blobs.lock_owner(connection, owner_id)
            gone = delete(MEDIA).where(mine).returning(MEDIA)
            row = (await connection.execute(gone)).mappings().first()
            if row is None:
                raise NotFoundError(f"there is no media {media_id}")
            event = MediaDeleted(
                **{name: row[name] for name in ("owner_id", "kind", "job_id")},
                version=1,
                occurred_at=now,
                media_id=media_id,
                cause=cause,
            )
            await outbox.append(connection, [outbox.event(event)])
            keys = await drop_blob(connection, owner_id, row["blake3"])
            if keys:
                rows = [{"key": key, "since": now} for key in keys]
                await connection.execute(upsert(DOOMED).values(rows).on_conflict_do_nothing())
        self._nudge_outbox()
        return keys

    async def close_job(self, job_id: UUID, owner_id: UUID, now: datetime) -> list[UUID]:
        row = {"job_id": job_id, "deleted_at": now}
        of_job = (MEDIA.c.job_id == job_id) & (MEDIA.c.owner_id == owner_id)
        async with transaction(self._database) as connection:
            await blobs.lock_owner(connection, owner_id)
            await connection.execute(upsert(DELETED_JOBS).values(row).on_conflict_do_nothing())
            return list((await connection.execute(select(MEDIA.c.id).where(of_job))).scalars())

    async def now(self) -> datetime:
        return await retention_time(self._database)

    async def expired(
        self, now: datetime, ages: RetentionAges, limit: int
    ) -> list[tuple[UUID, UUID]]:
        query = select(MEDIA.c.id, MEDIA.c.owner_id).where(is_expired(now, ages)).limit(limit)
        async with transaction(self._database) as connection:
            rows = (await connection.execute(query)).all()
        return [(media_id, owner_id) for media_id, owner_id in rows]

    async def waiting_keys(self, before: datetime, limit: int) -> list[str]:
        query = select(DOOMED.c.key).where(DOOMED.c.since <= before).limit(limit)
        async with transaction(self._database) as connection:
            return list((await connection.execute(query)).scalars())

    async def confirm(self, keys: Sequence[str]) -> None:
        async with transaction(self._database) as connection:
            await connection.execute(delete(DOOMED).where(DOOMED.c.key.in_(keys)))

    async def delete_unused_rows(self, before: datetime) -> None:
        # A transaction that uses a blob again sets its `used_at` first.
        unused = (BLOBS.c.used_at < before) & ~exists().where(HAS_BLOB)
        # Longer than a grant is valid: after it, nobody may record results again.
        over = (ATTEMPTS.c.recorded_at < before - LONGEST_GRANT) & ~exists().where(HAS_ATTEMPT)
        for table, which in (
            (UPLOADS, UPLOADS.c.created_at < before),
            (IDEMPOTENCY, IDEMPOTENCY.c.created_at < before),
            (LINKS, LINKS.c.expires_at < before),
            (ATTEMPTS, over),
            (DELETED_JOBS, DELETED_JOBS.c.deleted_at < before - LONGEST_GRANT),
            (BLOBS, unused),
        ):
            await delete_in_slices(self._database, table, which)

    async def unreferenced(self, keys: Sequence[str]) -> list[str]:
        query = union_all(
            select(BLOBS.c.key).where(BLOBS.c.key.in_(keys)),
            select(RENDITIONS.c.key).where(RENDITIONS.c.key.in_(keys)),
        )
        async with transaction(self._database) as connection:
            named = set((await connection.execute(query)).scalars())
        return [key for key in keys if key not in named]


async def drop_blob(connection: AsyncConnection, owner_id: UUID, blake3: str) -> list[str]:
    """Delete a blob that no media has, and return its keys; none if a media has it."""
    others = select(MEDIA.c.id).where(of_blob(MEDIA, owner_id, blake3))
    if (await connection.execute(others.limit(1))).first():
        return []
    here = of_blob(BLOBS, owner_id, blake3)
    # thumbnails are added under this lock: without it, some could come after we looked for them
    await connection.execute(select(BLOBS.c.key).where(here).with_for_update())
    thumbnails = select(RENDITIONS.c.key).where(of_blob(RENDITIONS, owner_id, blake3))
    keys = list((await connection.execute(thumbnails)).scalars())
    gone = delete(BLOBS).where(here)
    keys += (await connection.execute(gone.returning(BLOBS.c.key))).scalars()
    return keys


def is_expired(now: datetime, ages: RetentionAges) -> ColumnElement[bool]:
    """Apply the owner's `expires_at`, else the rule for ages, which spares favorites."""
    expired = [MEDIA.c.expires_at <= now]
    ruled = MEDIA.c.expires_at.is_(None) & ~MEDIA.c.is_favorite
    is_upload = MEDIA.c.job_id.is_(None)
    for age, chosen in ((ages.results, ~is_upload), (ages.uploads, is_upload)):
        if age:
            expired.append(ruled & chosen & (MEDIA.c.created_at <= now - age))
    return or_(*expired)
