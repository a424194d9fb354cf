"""Keeps what was made under an idempotency key, in the transaction that makes it.

A key whose product is gone makes a new one.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from auth.adapters.sql_rows import SqlRows
from auth.adapters.tables import idempotency
from contracts.access import IdempotencyKey

KEPT = timedelta(hours=24)


class SqlIdempotency(SqlRows):
    async def made_by(
        self, owner_id: UUID, operation: str, key: IdempotencyKey | None
    ) -> str | None:
        if key is None:
            return None
        asked = select(idempotency.c.body_digest, idempotency.c.made_id).where(
            idempotency.c.owner_id == owner_id,
            idempotency.c.operation == operation,
            idempotency.c.key == key.key,
        )
        if (row := await self._one(asked)) is None:
            return None
        key.refuse_other_body(row["body_digest"])
        return row["made_id"]

    async def remember(
        self, owner_id: UUID, operation: str, key: IdempotencyKey | None, made: tuple[str, datetime]
    ) -> None:
        if key is None:
            return
        made_id, now = made
        place = {"owner_id": owner_id, "operation": operation, "key": key.key}
        values = {"body_digest": key.body_digest, "made_id": made_id, "created_at": now}
        insert = upsert(idempotency).values(**place, **values)
        await self._connection.execute(
            insert.on_conflict_do_update(index_elements=[*place], set_=values)
        )

    async def _prune_idempotency(self, now: datetime) -> None:
        is_old = idempotency.c.created_at < now - KEPT
        await self._connection.execute(delete(idempotency).where(is_old))
