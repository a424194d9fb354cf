"""Rows of the audit log."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select

from auth.adapters.sql_rows import SqlRows
from auth.adapters.tables import audit
from auth.domain.audit import KEPT_DAYS, MAX_ROWS, AuditEntry


class SqlAudit(SqlRows):
    async def add_entry(self, entry: AuditEntry, now: datetime) -> None:
        await self._connection.execute(insert(audit), {"at": now, **asdict(entry)})

    async def _prune_audit(self, now: datetime) -> None:
        newest_entry = select(func.max(audit.c.id)).scalar_subquery()
        for statement in (
            delete(audit).where(audit.c.at < now - timedelta(days=KEPT_DAYS)),
            delete(audit).where(audit.c.id <= newest_entry - MAX_ROWS),
        ):
            await self._connection.execute(statement)
