"""The endpoint of the audit log: pages of JSON, or all of it as a stream of CSV or NDJSON."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from contracts.access import Actor, Permission
from contracts.auth import audit
from contracts.auth.audit import MAX_AUDIT_PAGE, AuditEntryView, AuditPage, ListAudit
from gateway.http.access import Allowed
from gateway.http.answers import refusals, sends
from gateway.http.bodies import Strict
from gateway.http.csv_lines import CSV, csv_lines
from gateway.http.streaming import LongAnswer
from gateway.service import CurrentGateway, Gateway

router = APIRouter(prefix="/v1/admin/audit", tags=["audit"])

NDJSON = "application/x-ndjson"
ENTRY = "01926f3e-7a10-7f3c-8d21-5b6c7d8e9f10"
EXAMPLES = {
    CSV: f"id,at,fact,user_id,actor_id,detail\r\n{ENTRY},2026-12-01T10:00:00Z,logged_in,,,\r\n",
    NDJSON: f'{{"id": "{ENTRY}", "at": "2026-12-01T10:00:00Z", "fact": "logged_in"}}\n',
}
STREAMS = {
    "content": {
        kind: {"schema": {"type": "string"}, "example": text} for kind, text in EXAMPLES.items()
    }
} | sends("Content-Disposition")
COLUMNS = tuple(AuditEntryView.model_fields)


class AuditFilters(audit.AuditFilters, Strict):
    """Filters of the audit log, and the form of the answer."""

    format: Literal["json", "csv", "ndjson"] | None = Field(
        default=None, description="Form of the answer; null: as the header `Accept` says."
    )


@router.get(
    "",
    summary="Read the audit log",
    responses=refusals("database_away", "too_many_transfers") | {200: STREAMS},
)
async def list_audit(
    gateway: CurrentGateway,
    actor: Annotated[Actor, Allowed(Permission.AUDIT_READ)],
    filters: Annotated[AuditFilters, Query()],
    request: Request,
) -> AuditPage:
    """Logins, and changes of users, roles and keys, newest first; kept for 90 days.

    With `format=csv` or `ndjson` the answer is a file of all entries from the cursor on, made while
    it is sent: one that ends early has failed.
    """
    query = ListAudit(actor=actor, **filters.model_dump(exclude={"format"}))
    form = filters.format or accepted(request)
    if form == "json":
        return await gateway.bus.call(query)
    held = AsyncExitStack()
    await held.enter_async_context(gateway.exports.place(user=actor.user_id))
    try:
        query = query.model_copy(update={"limit": MAX_AUDIT_PAGE})
        first = await gateway.bus.call(query)
    except BaseException:
        await held.aclose()
        raise
    kind = CSV if form == "csv" else NDJSON
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Disposition": f'attachment; filename="audit.{form}"',
    }
    chunks = lines_of(gateway, query, first, form)
    return LongAnswer(chunks, held, headers=headers)  # pyright: ignore[reportReturnType]  # FastAPI sends it as it is


def accepted(request: Request) -> str:
    wanted = request.headers.get("accept", "")
    return "csv" if CSV in wanted else "ndjson" if NDJSON in wanted else "json"


async def lines_of(
    gateway: Gateway, query: ListAudit, page: AuditPage, form: str
) -> AsyncIterator[bytes]:
    """Yield the lines of one page after another. A failure ends the answer early."""
    if form == "csv":
        yield csv_lines([COLUMNS])
    while True:
        if form == "csv":
            rows = (entry.model_dump(mode="json") for entry in page.items)
            yield csv_lines([row[name] for name in COLUMNS] for row in rows)
        else:
            yield "".join(f"{entry.model_dump_json()}\n" for entry in page.items).encode()
        if page.next_cursor is None:
            return
        page = await gateway.bus.call(query.model_copy(update={"cursor": page.next_cursor}))
