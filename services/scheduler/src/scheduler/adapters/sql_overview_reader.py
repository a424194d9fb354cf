"""Counts unfinished jobs for the overview, on connections apart from the leader's loop."""

from datetime import datetime
from typing import Any

import asyncpg

from contracts.access import Priority
from contracts.errors import UnavailableError
from contracts.scheduler.dispatch import MOST_OWNERS, OwnerLoad
from contracts.scheduler.jobs import JobStatus
from scheduler.adapters.sql_ledger import FAILURES
from scheduler.ports import JobCounts

COUNTS = """SELECT priority, status = 'queued' AS is_waiting, count(*) AS count,
    min(created_at) AS oldest
    FROM jobs JOIN unfinished_jobs USING (id) GROUP BY 1, 2"""

OWNERS = """SELECT owner_id, count(*) AS waiting_job_count, min(created_at) AS oldest_created_at
    FROM jobs JOIN unfinished_jobs USING (id) WHERE status = $1
    GROUP BY owner_id ORDER BY 2 DESC, owner_id LIMIT $2"""


class SqlOverviewReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def job_counts(self) -> JobCounts:
        rows = await self._fetch(COUNTS)
        found = [(Priority(row["priority"]), row["is_waiting"], row["count"]) for row in rows]
        oldest: list[datetime] = [row["oldest"] for row in rows if row["is_waiting"]]
        return JobCounts(
            waiting={priority: count for priority, is_waiting, count in found if is_waiting},
            running={priority: count for priority, is_waiting, count in found if not is_waiting},
            oldest_at=min(oldest, default=None),
        )

    async def busiest_owners(self) -> list[OwnerLoad]:
        rows = await self._fetch(OWNERS, JobStatus.QUEUED, MOST_OWNERS)
        return [OwnerLoad(**row) for row in rows]

    async def _fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        try:
            return await self._pool.fetch(statement, *values)
        except FAILURES as error:
            raise UnavailableError("the database is away", code="database_away") from error
