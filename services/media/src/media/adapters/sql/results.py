"""What attempts made: one row an attempt, one medium a file."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.scheduler.jobs import Output
from media.adapters.sql import contents
from media.adapters.sql.contents import Content
from media.adapters.sql.tables import ATTEMPTS, MEDIA, select_kept
from media.domain.records import Result
from media.domain.rights import Rights
from runtime.postgres.transaction import transaction


class SqlResults:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def find(self, attempt_id: UUID) -> dict[int, Output] | None:
        known = select(ATTEMPTS.c.attempt_id).where(ATTEMPTS.c.attempt_id == attempt_id)
        async with transaction(self._database) as connection:
            if (await connection.execute(known)).first() is None:
                return None
            return await recorded(connection, attempt_id)

    async def record(
        self, rights: Rights, results: Sequence[Result], now: datetime
    ) -> dict[int, Output]:
        attempt = {
            "attempt_id": rights.attempt_id,
            "owner_id": rights.owner_id,
            "job_id": rights.job_id,
            "recorded_at": now,
        }
        async with transaction(self._database) as connection:
            await contents.lock_owner(connection, rights.owner_id)
            await connection.execute(upsert(ATTEMPTS).values(attempt).on_conflict_do_nothing())
            for result in results:
                await contents.store(connection, content_of(rights, result), now)
            if results:
                rows = [media_row(rights, result, now) for result in results]
                await connection.execute(upsert(MEDIA).values(rows).on_conflict_do_nothing())
            return await recorded(connection, rights.attempt_id)


async def recorded(connection: AsyncConnection, attempt_id: UUID) -> dict[int, Output]:
    files = select_kept().where(MEDIA.c.attempt_id == attempt_id)
    rows = (await connection.execute(files)).mappings().all()
    return {row["n"]: as_output(row) for row in rows}


def content_of(rights: Rights, result: Result) -> Content:
    return Content(
        rights.owner_id,
        result.blake3,
        result.key,
        result.size_bytes,
        is_verified=result.is_verified,
    )


def media_row(rights: Rights, result: Result, now: datetime) -> dict[str, Any]:
    return {
        "id": result.media_id,
        "owner_id": rights.owner_id,
        "blake3": result.blake3,
        "kind": result.kind,
        "content_type": result.content_type,
        "filename": result.filename,
        "width": result.width,
        "height": result.height,
        "created_at": now,
        "job_id": rights.job_id,
        "attempt_id": rights.attempt_id,
        "n": result.n,
        "output": result.output,
        "output_index": result.index,
        "workflow": rights.workflow,
        "labels": dict(rights.labels),
    }


def as_output(row: RowMapping) -> Output:
    return Output(
        name=row["output"],
        index=row["output_index"],
        media_id=row["id"],
        kind=row["kind"],
        content_type=row["content_type"],
        width=row["width"],
        height=row["height"],
        size_bytes=row["size_bytes"],
    )
