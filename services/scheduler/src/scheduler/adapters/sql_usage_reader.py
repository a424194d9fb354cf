"""Sums usage for queries, on connections apart from the leader's loop."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from contracts.errors import UnavailableError
from contracts.scheduler.jobs import TERMINAL
from contracts.scheduler.usage import FindUsage, UsageGrouping, UsageRow
from scheduler.adapters.sql_ledger import FAILURES
from scheduler.domain.usage import LOST, NO_NODE

TIMEOUT_SECONDS = 10.0
COLUMNS = {
    UsageGrouping.DAY: ("day", "date"),
    UsageGrouping.OWNER: ("owner_id", "uuid"),
    UsageGrouping.WORKFLOW: ("workflow", "text"),
    UsageGrouping.NODE: ("node_id", "uuid"),
}
JOB_COUNTS = [
    f"coalesce(sum(job_count) FILTER (WHERE outcome = '{status}'), 0)::bigint AS {status}_job_count"
    for status in sorted(TERMINAL)
]
SECONDS = [
    f"coalesce(sum(executed_seconds) FILTER (WHERE outcome = '{outcome}'), 0) AS {outcome}_seconds"
    for outcome in [*sorted(TERMINAL), LOST]
]
SUMS = ", ".join(
    [
        *JOB_COUNTS,
        "sum(attempt_count)::bigint AS attempt_count",
        "sum(unmeasured_count)::bigint AS unmeasured_attempt_count",
        "sum(executed_seconds) AS executed_seconds",
        "sum(load_count)::bigint AS load_measured_attempt_count",
        "CASE WHEN sum(load_count) > 0 THEN sum(load_seconds) END AS load_seconds",
        *SECONDS,
    ]
)


def statement(query: FindUsage, after: Sequence[object] | None) -> str:
    """Return a statement of the days, the owner, and the place behind which the page begins."""
    columns = [COLUMNS[grouping] for grouping in query.by]
    names = ", ".join(name for name, _ in columns)
    behind = ", ".join(f"${n}::text::{type_}" for n, (_, type_) in enumerate(columns, 4))
    place = f"AND ({names}) > ({behind})" if after else ""
    return f"""SELECT {names}, {SUMS} FROM usage
        WHERE day BETWEEN $1 AND $2 AND ($3::uuid IS NULL OR owner_id = $3) {place}
        GROUP BY {names} ORDER BY {names} LIMIT {query.limit + 1}"""  # noqa: S608  (of constants)


class SqlUsageReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def sums(
        self, query: FindUsage, owner_id: UUID | None, after: Sequence[object] | None
    ) -> list[UsageRow]:
        values: list[Any] = [query.first_day, query.last_day, owner_id, *map(str, after or ())]
        try:
            rows = await self._pool.fetch(statement(query, after), *values, timeout=TIMEOUT_SECONDS)
        except asyncpg.DataError:
            raise
        except FAILURES as error:
            raise UnavailableError("usage cannot be read now", code="database_away") from error
        return [usage_row(row) for row in rows]


def usage_row(row: asyncpg.Record) -> UsageRow:
    """Return the row; seconds are rounded to the millisecond, beyond which nothing is measured."""
    values = {
        name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()
    }
    if values.get("node_id") == NO_NODE:
        values["node_id"] = None
    return UsageRow.model_validate(values)
