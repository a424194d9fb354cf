"""Deletes old rows in slices, each a short transaction of its own, so that nobody waits for it."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from contracts.errors import UnavailableError
from runtime.postgres.retention_clock import READ, trusted
from scheduler.adapters import job_rows
from scheduler.adapters.sql_ledger import FAILURES

ROWS_AT_ONCE = 500
KEEP_KEYS = timedelta(hours=24)

PAGE = """SELECT id, created_at, finished_at < $1 AS is_old
    FROM jobs WHERE created_at < $1 AND (created_at, id) > ($2, $3)
    ORDER BY created_at, id LIMIT $4"""
"""Pages by the time of creation, which has an index; jobs in it that are not over are passed."""

DELETE_BATCHES = """DELETE FROM batches WHERE id IN
    (SELECT id FROM batches WHERE created_at < $1
     AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch_id = batches.id)
     ORDER BY created_at LIMIT $2)"""

DELETE_KEYS = """DELETE FROM idempotency WHERE (owner_id, operation, key) IN
    (SELECT owner_id, operation, key FROM idempotency
     WHERE created_at < $1 ORDER BY created_at LIMIT $2)"""


DELETE_USAGE = """DELETE FROM usage WHERE (day, owner_id, workflow, node_id, outcome) IN
    (SELECT day, owner_id, workflow, node_id, outcome FROM usage
     WHERE day < ($1::timestamptz AT TIME ZONE 'UTC')::date ORDER BY day LIMIT $2)"""


class SqlRetention:
    """Keeps finished jobs and sums of usage for so many days; 0 is for ever."""

    def __init__(self, pool: asyncpg.Pool, keep_jobs_days: float, keep_usage_days: int = 0) -> None:
        self._pool = pool
        self._keep_jobs = timedelta(days=keep_jobs_days)
        self._keep_usage = timedelta(days=keep_usage_days)

    async def delete_old_jobs(self) -> int:
        if not self._keep_jobs:
            return 0
        deleted, place = 0, (datetime.min.replace(tzinfo=UTC), UUID(int=0))
        with answering():
            before = await self._time() - self._keep_jobs
            while rows := await self._pool.fetch(PAGE, before, *place, ROWS_AT_ONCE):
                old = [row["id"] for row in rows if row["is_old"]]
                await self._delete(old)
                deleted += len(old)
                place = rows[-1]["created_at"], rows[-1]["id"]
        return deleted

    async def _delete(self, jobs: list[UUID]) -> None:
        """Delete jobs with their attempts, attempts first: a job is found again if that fails."""
        if jobs:
            for statement, values in job_rows.delete_jobs(jobs):
                await self._pool.execute(statement, *values)

    async def delete_old_batches(self) -> None:
        if self._keep_jobs:
            await self._delete_older(DELETE_BATCHES, self._keep_jobs)

    async def delete_old_keys(self) -> None:
        await self._delete_older(DELETE_KEYS, KEEP_KEYS)

    async def delete_old_usage(self) -> None:
        if self._keep_usage:
            await self._delete_older(DELETE_USAGE, self._keep_usage)

    async def _delete_older(self, statement: str, age: timedelta) -> None:
        with answering():
            before = await self._time() - age
            while await self._pool.execute(statement, before, ROWS_AT_ONCE) != "DELETE 0":
                pass

    async def _time(self) -> datetime:
        return trusted(await self._pool.fetchrow(READ))


@contextmanager
def answering() -> Generator[None, None, None]:
    try:
        yield
    except FAILURES as error:
        raise UnavailableError("old rows cannot be deleted", code="database_away") from error
