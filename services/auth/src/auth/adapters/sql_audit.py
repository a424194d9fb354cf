"""Rows of the audit log, each of which is published as an event too."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, or_, select

from auth.adapters.sql_rows import SqlRows
from auth.adapters.tables import audit
from auth.domain.audit import KEPT_DAYS, MAX_ROWS, AuditEntry, AuditFact, StoredEntry
from contracts.auth.audit import AuditFilters
from contracts.values import new_id
from runtime.outbox import messages as outbox


class SqlAudit(SqlRows):
    async def add_entry(self, entry: AuditEntry, now: datetime) -> None:
        entry_id = new_id()
        added = insert(audit).values(at=now, entry_id=entry_id, **asdict(entry))
        number: int = (await self._connection.execute(added.returning(audit.c.id))).scalar_one()
        await self.publish([outbox.event(StoredEntry(number, entry_id, now, entry).event())])

    async def read_entries(
        self, filters: AuditFilters, before: int | None, most: int
    ) -> list[StoredEntry]:
        found = select(audit).where(*conditions(filters, before))
        newest_first = found.order_by(audit.c.id.desc()).limit(most)
        return [as_entry(row) for row in (await self._connection.execute(newest_first)).mappings()]

    async def _prune_audit(self, now: datetime) -> None:
        newest_entry = select(func.max(audit.c.id)).scalar_subquery()
        for statement in (
            delete(audit).where(audit.c.at < now - timedelta(days=KEPT_DAYS)),
            delete(audit).where(audit.c.id <= newest_entry - MAX_ROWS),
        ):
            await self._connection.execute(statement)


def conditions(filters: AuditFilters, before: int | None) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if before is not None:
        where.append(audit.c.id < before)
    if filters.user_id:
        user_id = filters.user_id
        where.append(or_(audit.c.user_id == user_id, audit.c.actor_id == user_id))
    if filters.fact:
        where.append(audit.c.fact.in_([str(fact) for fact in filters.fact]))
    if filters.since:
        where.append(audit.c.at >= filters.since)
    if filters.until:
        where.append(audit.c.at < filters.until)
    return where


def as_entry(row: RowMapping) -> StoredEntry:
    fact = AuditFact(row["fact"])
    entry = AuditEntry(fact, row["user_id"], row["detail"], row["actor_id"])
    return StoredEntry(row["id"], row["entry_id"], row["at"], entry)
