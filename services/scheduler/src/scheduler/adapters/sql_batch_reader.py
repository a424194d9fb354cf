"""Reads batches for queries; the numbers come from the rows of their jobs."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from contracts.scheduler.batches import BatchView, ListBatches
from contracts.scheduler.jobs import JobStatus
from runtime.cursor import Place
from scheduler.adapters.batch_rows import read_batch
from scheduler.adapters.sql_job_reader import SqlRows, numbered, of_owner, of_place
from scheduler.adapters.statements import readable
from scheduler.domain.batch_views import Tally, batch_view

FIND = "SELECT * FROM batches WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)"

PAGE = """SELECT * FROM batches WHERE {conditions}
    ORDER BY created_at DESC, id DESC LIMIT {limit}"""

TALLIES = """SELECT batch_id, status, count(*) AS job_count, min(started_at) AS started_at,
    max(finished_at) AS finished_at FROM jobs WHERE batch_id = ANY($1) GROUP BY batch_id, status"""


STATUSES = frozenset(JobStatus)
"""Jobs in a status of a newer release are not counted."""


class SqlBatchReader(SqlRows):
    async def find(self, batch_id: UUID, owner_id: UUID | None) -> BatchView | None:
        views = await self._views(await self._rows(FIND, batch_id, owner_id))
        return next(iter(views), None)

    async def page(
        self, query: ListBatches, owner_id: UUID | None, after: Place | None
    ) -> tuple[list[BatchView], Place | None]:
        conditions, values = numbered([*of_owner(owner_id), *of_place(after)])
        statement = PAGE.format(conditions=conditions, limit=query.limit + 1)
        rows = await self._rows(statement, *values)
        shown = rows[: query.limit]
        end = (shown[-1]["created_at"], shown[-1]["id"]) if len(rows) > query.limit else None
        return await self._views(shown), end

    async def _views(self, rows: Sequence[asyncpg.Record]) -> list[BatchView]:
        batches = [batch for row in rows if (batch := readable(read_batch, row))]
        tallies: defaultdict[UUID, dict[JobStatus, Tally]] = defaultdict(dict)
        if batches:
            for row in await self._rows(TALLIES, [batch.id for batch in batches]):
                tally = Tally(row["job_count"], row["started_at"], row["finished_at"])
                if row["status"] in STATUSES:
                    tallies[row["batch_id"]][JobStatus(row["status"])] = tally
        return [batch_view(batch, tallies[batch.id]) for batch in batches]
