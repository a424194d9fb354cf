"""Reads jobs for queries, on connections apart from the leader's loop."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from contracts.errors import UnavailableError
from contracts.scheduler.job_requests import ListJobs
from contracts.scheduler.jobs import JobView
from runtime.cursor import Place
from scheduler.adapters.job_rows import read_job
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


KEY_USE = """SELECT body_digest, created_id FROM idempotency
    WHERE owner_id = $1 AND operation = $2 AND key = $3
    AND created_at > now() - interval '24 hours'"""


def conditions_of(
    query: ListJobs, owner_id: UUID | None, after: Place | None
) -> tuple[str, list[Any]]:
    """Return the conditions of a query, and the values of their numbered parameters."""
    texts, values = ["true"], list[Any]()

    def add(text: str, *more: Any) -> None:
        """Add a condition in which each `{}` stands for the next value."""
        numbers = range(len(values) + 1, len(values) + len(more) + 1)
        texts.append(text.format(*(f"${number}" for number in numbers)))
        values.extend(more)

    optional = {
        "owner_id = {}": owner_id,
        "status = ANY({}::text[])": query.status,
        "batch_id = {}": query.batch_id,
    }
    for text, value in optional.items():
        if value:
            add(text, value)
    if query.workflow:
        exact = "@" in query.workflow
        column = "workflow" if exact else "split_part(workflow, '@', 1)"
        add(column + " = {}", query.workflow)
    if query.label:
        key, has_value, value = query.label.partition("=")
        if has_value:
            add("labels ->> {}::text = {}", key, value)
        else:
            add("labels ? {}", key)
    if after:
        add("(created_at, id) < ({}::timestamptz, {}::uuid)", *after)
    return " AND ".join(texts), values


class SqlJobReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

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

    async def key_use(self, name: KeyName) -> KeyUse | None:
        rows = await self._rows(KEY_USE, *name)
        return KeyUse(rows[0]["body_digest"], rows[0]["created_id"]) if rows else None

    async def is_there(self) -> bool:
        """Return whether Postgres answers, for `/readyz`."""
        try:
            return await self._pool.fetchval("SELECT true", timeout=2.0)
        except FAILURES:
            return False

    async def _rows(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        try:
            return await self._pool.fetch(statement, *values, timeout=5.0)
        except BUGS:
            raise
        except FAILURES as error:
            raise UnavailableError("jobs cannot be read now", code="database_away") from error


def readable(rows: Sequence[asyncpg.Record]) -> list[JobView]:
    """Return the jobs of the rows. A row that this release cannot read hides no other job."""
    views: list[JobView] = []
    for row in rows:
        try:
            views.append(job_view(read_job(row)))
        except ValueError as error:
            log.warning("job_unreadable", job_id=str(row["id"]), reason=str(error)[:500])
    return views
