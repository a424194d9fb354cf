"""Records what attempts made: one row for an attempt, one media for a file."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import ConflictError
from contracts.media.attempts import Results
from contracts.scheduler.jobs import Output
from media.adapters.sql import blobs
from media.adapters.sql.blobs import Blob
from media.adapters.sql.tables import ATTEMPTS, DELETED_JOBS, MEDIA, from_row, select_media
from media.domain.records import CheckedFile
from runtime.grants import Grant
from runtime.postgres.transaction import transaction

OF_ATTEMPT = {"attempt_id", "owner_id", "job_id"}


class SqlResults:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def find(self, attempt_id: UUID) -> Results:
        known = select(ATTEMPTS.c.attempt_id).where(ATTEMPTS.c.attempt_id == attempt_id)
        async with transaction(self._database) as connection:
            if (await connection.execute(known)).first() is None:
                return Results(outputs=[], is_recorded=False)
            return await recorded(connection, attempt_id)

    async def save(self, grant: Grant, results: Sequence[CheckedFile], now: datetime) -> Results:
        attempt = grant.model_dump(include=OF_ATTEMPT) | {"recorded_at": now}
        async with transaction(self._database) as connection:
            await blobs.lock_owner(connection, grant.owner_id)
            await refuse_deleted_job(connection, grant.job_id)
            await connection.execute(upsert(ATTEMPTS).values(attempt).on_conflict_do_nothing())
            for result in results:
                await blobs.store(connection, blob_of(grant, result), now)
            if results:
                rows = [media_row(grant, result, now) for result in results]
                await connection.execute(upsert(MEDIA).values(rows).on_conflict_do_nothing())
            return await recorded(connection, grant.attempt_id)


async def refuse_deleted_job(connection: AsyncConnection, job_id: UUID) -> None:
    """Raise Conflict for late results of a job that its owner deleted."""
    deleted = select(DELETED_JOBS.c.job_id).where(DELETED_JOBS.c.job_id == job_id)
    if (await connection.execute(deleted)).first():
        raise ConflictError(f"job {job_id} was deleted", code="job_deleted")


async def recorded(connection: AsyncConnection, attempt_id: UUID) -> Results:
    files = select_media().where(MEDIA.c.attempt_id == attempt_id).order_by(MEDIA.c.n)
    rows = (await connection.execute(files)).mappings().all()
    return Results(outputs=[output(row) for row in rows], is_recorded=True)


def blob_of(grant: Grant, result: CheckedFile) -> Blob:
    file = result.file
    return Blob(grant.owner_id, file.blake3, result.key, file.size_bytes, result.is_verified)


def media_row(grant: Grant, result: CheckedFile, now: datetime) -> dict[str, Any]:
    return {
        **grant.model_dump(include={*OF_ATTEMPT, "workflow", "labels"}),
        **result.file.model_dump(exclude={"index", "size_bytes"}),
        "id": result.media_id,
        "output_index": result.file.index,
        "is_withheld": result.is_withheld,
        "created_at": now,
    }


def output(row: RowMapping) -> Output:
    names = {"name": row["output"], "index": row["output_index"], "media_id": row["id"]}
    return from_row(Output, {**row, **names})
