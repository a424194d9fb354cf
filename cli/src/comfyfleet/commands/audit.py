"""`users audit`: the audit log of logins and of changes of users, roles and keys."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import typer
from rich.table import Table

from comfyfleet.client.api import FleetClient
from comfyfleet.client.connection import connect
from comfyfleet.tables import console, plain_table
from contracts.auth.audit import MAX_AUDIT_PAGE, AuditEntryView, AuditFact, AuditPage

PATH = "/v1/admin/audit"
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="In UTC: 2026-12-01."),
]


def audit(  # noqa: PLR0913  (the options of the command)
    *,
    user: Annotated[UUID | None, typer.Option(help="Only about this user, or by it.")] = None,
    fact: Annotated[
        list[AuditFact] | None, typer.Option(help="Only this fact; give it again for more.")
    ] = None,
    since: Day = None,
    until: Day = None,
    limit: Annotated[int, typer.Option("-n", min=1, help="Number of entries.")] = 50,
    csv: Annotated[bool, typer.Option(help="Print all entries as CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print all as lines of JSON.")] = False,
) -> None:
    """Show who logged in and what changed, newest first."""
    params: dict[str, Any] = {"fact": [one.value for one in fact or []]}
    params |= {"user_id": str(user)} if user else {}
    times = {"since": since, "until": until}
    params |= {name: f"{time.isoformat()}Z" for name, time in times.items() if time}
    with closing(connect()) as client:
        if csv or json:
            params["format"] = "csv" if csv else "ndjson"
            with client.stream(f"{PATH}?{urlencode(params, doseq=True)}") as answer:
                for text in answer.iter_text():
                    typer.echo(text, nl=False)
            return
        params["limit"] = min(limit, MAX_AUDIT_PAGE)
        console.print(audit_table(list(islice(entries(client, params), limit))))


def entries(client: FleetClient, params: dict[str, Any]) -> Iterator[AuditEntryView]:
    """Yield the entries of all pages."""
    while True:
        page = client.ask(AuditPage, "GET", PATH, params=params)
        yield from page.items
        if page.next_cursor is None:
            return
        params = params | {"cursor": page.next_cursor}


def audit_table(found: Sequence[AuditEntryView]) -> Table:
    table = plain_table("time (UTC)", "fact", "user", "by", "detail")
    for entry in found:
        user, actor = str(entry.user_id or ""), str(entry.actor_id or "")
        by = "the user" if user and user == actor else actor
        table.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.fact, user, by, entry.detail)
    return table
