"""Reads jobs for queries, on connections apart from the leader's loop."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from contracts.errors import UnavailableError
from contracts.scheduler.job_requests import ListJobs
from contracts.scheduler.jobs import JobStatus, JobView
from contracts.scheduler.timings import AttemptView
from contracts.values import RAW_GRAPHS
from runtime.cursor import Place
from scheduler.adapters.job_rows import attempt_view, read_job
from scheduler.adapters.sql_ledger import FAILURES
from scheduler.domain.effects import KeyName, KeyUse
from scheduler.domain.views import job_view

log = structlog.get_logger()

BUGS = (ValueError, asyncpg.DataError, asyncpg.SyntaxOrAccessError)
"""Postgres, or its client, understood the statement and refused it: a repeat would fail too."""

FIND = """SELECT * FROM jobs WHERE id = ANY($1) AND ($2::uuid IS NULL OR owner_id = $2)
    ORDER BY created_at DESC, id DESC"""

PAGE = """SELECT * FROM jobs WHERE {conditions}
    ORDER BY created_at DESC, id DESC LIMIT {limit}"""

NEEDED_GRAPHS = f"""SELECT DISTINCT split_part(workflow, '@', 2) AS hash
    FROM jobs JOIN unfinished_jobs USING (id)
    WHERE split_part(workflow, '@', 1) = '{RAW_GRAPHS}' AND split_part(workflow, '@', 2) > $1
    ORDER BY hash LIMIT $2"""  # noqa: S608  (of a constant)

ATTEMPTS = "SELECT * FROM attempts WHERE job_id = $1 ORDER BY number DESC LIMIT $2"
MOST_ATTEMPTS = 50

KEY_USE = """SELECT body_digest, created_id FROM idempotency
    WHERE owner_id = $1 AND operation = $2 AND key = $3
    AND created_at > now() - interval '24 hours'"""

Condition: TypeAlias = tuple[str, Sequence[Any]]
"""A text in which each `{}` stands for the next value, and the values."""


def conditions_of(
    query: ListJobs, owner_id: UUID | None, after: Place | None
) -> tuple[str, list[Any]]:
    """Return the conditions of a query, and the values of their numbered parameters."""
    place = [*of_owner(owner_id), *of_place(after)]
    found: list[Condition] = [
        *of_status(query, place),
        *of_workflow(query.workflow),
        *of_label(query.label),
        *place,
    ]
    if query.batch_id:
        found.append(("batch_id = {}", [query.batch_id]))
    return numbered(found)


def numbered(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """Return the conditions as one, and the values of its numbered parameters."""
    text, values = joined(conditions, " AND ")
    return text.format(*(f"${number}" for number, _ in enumerate(values, 1))), values


def joined(conditions: Sequence[Condition], word: str) -> tuple[str, list[Any]]:
    values = [value for _, some in conditions for value in some]
    return word.join(text for text, _ in conditions) or "true", values


def of_owner(owner_id: UUID | None) -> Iterator[Condition]:
    if owner_id:
        yield "owner_id = {}", [owner_id]


def of_place(after: Place | None) -> Iterator[Condition]:
    if after:
        yield "(created_at, id) < ({}::timestamptz, {}::uuid)", after


def of_status(query: ListJobs, place: Sequence[Condition]) -> Iterator[Condition]:
    """Name the jobs of each status by the tables that triggers keep, as no index has it."""
    ended = [status for status in query.status if status.is_terminal]
    if query.status:
        yield "status = ANY({}::text[])", [query.status]
    if not query.status or (ended and (query.workflow or query.label or query.batch_id)):
        return  # other conditions have an index
    parts = [newest(status, query.limit + 1, place) for status in ended]
    if len(ended) < len(query.status):
        parts.append(("SELECT id FROM unfinished_jobs", []))
    text, values = joined([(f"({part})", some) for part, some in parts], " UNION ALL ")
    yield f"id IN ({text})", values


def newest(status: JobStatus, limit: int, place: Sequence[Condition]) -> Condition:
    """Select the newest jobs that ended so: a page has no more of one status."""
    text, values = joined([("status = {}", [status]), *place], " AND ")
    order = "ORDER BY created_at DESC, id DESC"
    return f"SELECT id FROM ended_jobs WHERE {text} {order} LIMIT {limit}", values  # noqa: S608  (values apart)


def of_workflow(wanted: str | None) -> Iterator[Condition]:
    if wanted:
        name, has_version, _ = wanted.partition("@")
        yield "split_part(workflow, '@', 1) = {}", [name]
        if has_version:
            yield "workflow = {}", [wanted]


def of_label(wanted: str | None) -> Iterator[Condition]:
    if wanted:
        key, has_value, value = wanted.partition("=")
        if has_value:
            yield "labels @> jsonb_build_object({}::text, {}::text)", [key, value]
        else:
            yield "labels ? {}", [key]


class SqlRows:
    """Reads rows with a bound on time; raises UnavailableError while Postgres is away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def _rows(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        try:
            return await self._pool.fetch(statement, *values, timeout=5.0)
        except BUGS:
            raise
        except FAILURES as error:
            raise UnavailableError("jobs cannot be read now", code="database_away") from error


class SqlJobReader(SqlRows):
    async def find(self, ids: Sequence[UUID], owner_id: UUID | None) -> list[JobView]:
        return readable(await self._rows(FIND, list(ids), owner_id))

    async def page(
        self, query: ListJobs, owner_id: UUID | None, after: Place | None
    ) -> tuple[list[JobView], Place | None]:
        conditions, values = conditions_of(query, owner_id, after)
        statement = PAGE.format(conditions=conditions, limit=query.limit + 1)
        rows = await self._rows(statement, *values)
        shown = rows[: query.limit]
        end = (shown[-1]["created_at"], shown[-1]["id"]) if len(rows) > query.limit else None
        return readable(shown), end

    async def attempts(self, job_id: UUID) -> list[AttemptView]:
        return [attempt_view(row) for row in await self._rows(ATTEMPTS, job_id, MOST_ATTEMPTS)]

    async def needed_graphs(self, after: str, limit: int) -> list[str]:
        rows = await self._rows(NEEDED_GRAPHS, after, limit)
        return [row["hash"] for row in rows]

    async def key_use(self, name: KeyName) -> KeyUse | None:
        rows = await self._rows(KEY_USE, *name)
        return KeyUse(rows[0]["body_digest"], rows[0]["created_id"]) if rows else None

    async def is_there(self) -> bool:
        """Return whether Postgres answers, for `/readyz`."""
        try:
            return await self._pool.fetchval("SELECT true", timeout=2.0)
        except FAILURES:
            return False


def readable(rows: Sequence[asyncpg.Record]) -> list[JobView]:
    """Return the jobs of the rows. A row that this release cannot read hides no other job."""
    views: list[JobView] = []
    for row in rows:
        try:
            views.append(job_view(read_job(row)))
        except ValueError as error:
            log.warning("job_unreadable", job_id=str(row["id"]), reason=str(error)[:500])
    return views
