"""Deletes old rows in slices, each a short transaction of its own, so that nobody waits for it."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from contracts.errors import UnavailableError
from scheduler.adapters import job_rows
from scheduler.adapters.sql_ledger import FAILURES

ROWS_AT_ONCE = 500
DAY_SECONDS = 86_400.0

PAGE = """SELECT id, created_at, finished_at < now() - make_interval(secs => $1) AS is_old
    FROM jobs WHERE created_at < now() - make_interval(secs => $1) AND (created_at, id) > ($2, $3)
    ORDER BY created_at, id LIMIT $4"""
"""Pages by the time of creation, which has an index; jobs in it that are not over are passed."""

DELETE_BATCHES = """DELETE FROM batches WHERE id IN
    (SELECT id FROM batches WHERE created_at < now() - make_interval(secs => $1)
     AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch_id = batches.id)
     ORDER BY created_at LIMIT $2)"""

DELETE_KEYS = """DELETE FROM idempotency WHERE (owner_id, operation, key) IN
    (SELECT owner_id, operation, key FROM idempotency
     WHERE created_at < now() - interval '24 hours' ORDER BY created_at LIMIT $1)"""


DELETE_USAGE = """DELETE FROM usage WHERE (day, owner_id, workflow, node_id, outcome) IN
    (SELECT day, owner_id, workflow, node_id, outcome FROM usage
     WHERE day < (now() AT TIME ZONE 'UTC')::date - $1::int ORDER BY day LIMIT $2)"""


class SqlRetention:
    """Keeps finished jobs and sums of usage for so many days; 0 is for ever."""

    def __init__(self, pool: asyncpg.Pool, keep_jobs_days: float, keep_usage_days: int = 0) -> None:
        self._pool = pool
        self._keep_seconds = keep_jobs_days * DAY_SECONDS
        self._keep_usage_days = keep_usage_days

    async def delete_old_jobs(self) -> int:
        if not self._keep_seconds:
            return 0
        deleted, place = 0, (datetime.min.replace(tzinfo=UTC), UUID(int=0))
        try:
            while rows := await self._pool.fetch(PAGE, self._keep_seconds, *place, ROWS_AT_ONCE):
                old = [row["id"] for row in rows if row["is_old"]]
                await self._delete(old)
                deleted += len(old)
                place = rows[-1]["created_at"], rows[-1]["id"]
        except FAILURES as error:
            raise UnavailableError("old jobs cannot be deleted", code="database_away") from error
        return deleted

    async def _delete(self, jobs: list[UUID]) -> None:
        """Delete jobs with their attempts, attempts first: a job is found again if that fails."""
        if jobs:
            await job_rows.delete_jobs(self._pool, jobs)

    async def delete_old_batches(self) -> None:
        if self._keep_seconds:
            await self._delete_all(DELETE_BATCHES, self._keep_seconds)

    async def delete_old_keys(self) -> None:
        await self._delete_all(DELETE_KEYS)

    async def delete_old_usage(self) -> None:
        if self._keep_usage_days:
            await self._delete_all(DELETE_USAGE, self._keep_usage_days)

    async def _delete_all(self, statement: str, *values: float) -> None:
        try:
            while await self._pool.execute(statement, *values, ROWS_AT_ONCE) != "DELETE 0":
                pass
        except FAILURES as error:
            raise UnavailableError("old rows cannot be deleted", code="database_away") from error
