"""`usage`: GPU-seconds and ended jobs of any fleet, as a table or as CSV."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect
from comfyfleet.tables import console, plain_table, say
from contracts.scheduler.usage import MOST_ROWS, UsageGrouping, UsagePage, UsageRow

Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day in UTC: 2026-12-01.")
]
Groupings = Annotated[
    list[UsageGrouping] | None, typer.Option(help="Groups of the sums; give it again for more.")
]


def usage(
    *,
    by: Groupings = None,
    since: Day = None,
    until: Day = None,
    owner: Annotated[
        UUID | None, typer.Option(help="Only usage of this user; needs `jobs:read_all`.")
    ] = None,
    csv: Annotated[bool, typer.Option(help="Print CSV instead of a table.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Sum GPU-seconds and ended jobs, of the last 30 days by default."""
    groupings = by or [UsageGrouping.DAY]
    days = {"from": since, "to": until}
    params: dict[str, Any] = {name: day.date().isoformat() for name, day in days.items() if day}
    params["by"] = [grouping.value for grouping in groupings]
    params |= {"owner_id": str(owner)} if owner else {}
    with closing(connect()) as client:
        if csv:
            answer = client.call("GET", "/v1/usage", params=params | {"format": "csv"})
            typer.echo(answer.text, nl=False)
            return
        found = list(rows(client, params))
    if json:
        say(f"[{','.join(row.model_dump_json() for row in found)}]")
    else:
        console.print(usage_table(found, groupings))


def rows(client: FleetClient, params: dict[str, Any]) -> Iterator[UsageRow]:
    """Yield the rows of all pages."""
    asked = params | {"limit": MOST_ROWS}
    while True:
        page = client.ask(UsagePage, "GET", "/v1/usage", params=asked)
        yield from page.items
        if page.next_cursor is None:
            return
        asked["cursor"] = page.next_cursor


def usage_table(found: Sequence[UsageRow], groupings: Sequence[UsageGrouping]) -> Table:
    table = plain_table(
        *groupings,
        *("completed", "failed", "canceled", "expired", "attempts"),
        *("GPU seconds", "of completed", "of lost", "loading", "attempts measured"),
    )
    for row in found:
        group = {
            UsageGrouping.DAY: row.day,
            UsageGrouping.OWNER: row.owner_id,
            UsageGrouping.WORKFLOW: row.workflow,
            UsageGrouping.NODE: row.node_id or "",
        }
        jobs = row.completed_job_count, row.failed_job_count, row.canceled_job_count
        counts = *jobs, row.expired_job_count, row.attempt_count
        seconds = row.executed_seconds, row.completed_seconds, row.lost_seconds
        loading = "" if row.load_seconds is None else f"{row.load_seconds:.1f}"
        table.add_row(
            *(str(group[grouping]) for grouping in groupings),
            *map(str, counts),
            *(f"{value:.1f}" for value in seconds),
            loading,
            str(row.load_measured_attempt_count),
        )
    return table
