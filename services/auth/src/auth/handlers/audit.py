"""The audit log as administrators read it."""

from pydantic import TypeAdapter

from auth.service import Auth
from contracts.auth.audit import AuditPage, ListAudit
from contracts.values import fitting
from runtime.cursor import Cursors

CURSORS = Cursors("audit", TypeAdapter(int))
"""A place is the number of an entry."""


async def list_audit(auth: Auth, query: ListAudit) -> AuditPage:
    """List entries, newest first."""
    before = CURSORS.read(query.cursor)
    async with auth.unit_of_work() as work:
        found = await work.read_entries(query, before, query.limit + 1)
    items = fitting([entry.view() for entry in found[: query.limit]])
    last = found[len(items) - 1].number if len(found) > len(items) else None
    return AuditPage(items=items, next_cursor=None if last is None else CURSORS.write(last))
