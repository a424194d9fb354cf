"""The endpoint of usage: sums by day, owner, workflow and node."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from contracts.access import Actor, Permission
from contracts.scheduler import usage
from contracts.scheduler.usage import MOST_ROWS, FindUsage, UsagePage, UsageRow
from gateway.http.access import Allowed
from gateway.http.answers import refusals, sends
from gateway.http.bodies import Strict
from gateway.http.csv_lines import CSV
from gateway.http.problems import RefusedError, invalid
from gateway.service import CurrentGateway, Gateway
from gateway.usage.table import csv_table
from runtime.clock import now

router = APIRouter(prefix="/v1/usage", tags=["usage"])

DEFAULT_DAYS, MOST_DAYS = 30, 366
MOST_CSV_ROWS = 10_000
EXAMPLE = "day,completed_job_count,executed_seconds\r\n2026-12-01,41,812.4\r\n"
CONTENT = {CSV: {"schema": {"type": "string"}, "example": EXAMPLE}}
AS_CSV = {"content": CONTENT} | sends("Content-Disposition")


class UsageFilters(usage.UsageFilters, Strict):
    """Days, groups and filters of sums of usage."""

    first_day: date | None = Field(
        default=None,
        alias="from",
        ge=date(2000, 1, 1),
        description=f"First day, in UTC; null: {DEFAULT_DAYS} days in all.",
    )
    last_day: date | None = Field(
        default=None,
        alias="to",
        ge=date(2001, 1, 1),
        description=f"Last day, which counts too; null: today. At most {MOST_DAYS} days in all.",
    )
    format: Literal["json", "csv"] | None = Field(
        default=None, description="Form of the answer; null: as the header `Accept` says."
    )


@router.get(
    "",
    summary="Sum usage",
    responses=refusals("database_away") | {200: AS_CSV},
)
async def get_usage(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.JOBS_READ)],
    filters: Annotated[UsageFilters, Query()],
    request: Request,
) -> UsagePage:
    """GPU-seconds and ended jobs: those of the caller, or of everyone with `jobs:read_all`.

    An attempt counts on the day on which it ended, also if it failed. CSV is one table of all
    pages; more than 10 000 rows are refused.
    """
    query = query_of(actor, filters)
    if (filters.format or accepted(request)) == "csv":
        content = csv_table(await every_row(gateway, query), query.by)
        headers = {"Content-Disposition": 'attachment; filename="usage.csv"'}
        return Response(content, headers=headers, media_type=CSV)  # pyright: ignore[reportReturnType]  # FastAPI sends it as it is
    return await gateway.bus.call(query)


def accepted(request: Request) -> str:
    return "csv" if CSV in request.headers.get("accept", "") else "json"


def query_of(actor: Actor, filters: UsageFilters) -> FindUsage:
    """Return the query, with the days that the caller left out."""
    last_day = filters.last_day or now().date()
    first_day = filters.first_day or last_day - timedelta(days=DEFAULT_DAYS - 1)
    if first_day > last_day:
        raise invalid("from", "past", "expected no day after `to`")
    if (last_day - first_day).days >= MOST_DAYS:
        raise invalid("from", "too_big", f"expected at most {MOST_DAYS} days")
    return FindUsage(
        actor=actor,
        first_day=first_day,
        last_day=last_day,
        by=filters.by,
        owner_id=filters.owner_id,
        limit=filters.limit,
        cursor=filters.cursor,
    )


async def every_row(gateway: Gateway, query: FindUsage) -> list[UsageRow]:
    """Return the rows of all pages. Raises RefusedError (413) if they are too many."""
    rows: list[UsageRow] = []
    while True:
        asked = query.model_copy(update={"limit": MOST_ROWS})
        page = await gateway.bus.call(asked)
        rows += page.items
        if len(rows) > MOST_CSV_ROWS:
            text = f"the table has more than {MOST_CSV_ROWS} rows: ask for fewer days or groups"
            raise RefusedError(413, "too_large", text)
        if page.next_cursor is None:
            return rows
        query = query.model_copy(update={"cursor": page.next_cursor})
