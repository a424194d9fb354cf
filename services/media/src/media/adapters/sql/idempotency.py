"""Keeps what was made under an idempotency key, in the transaction that makes it.

A key whose product was deleted makes a new one.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import IdempotencyKey
from media.adapters.sql.tables import IDEMPOTENCY


async def find_made(
    connection: AsyncConnection, owner_id: UUID, operation: str, idempotency: IdempotencyKey | None
) -> UUID | None:
    """Return the id of what the key made. Raises ConflictError if its body was another."""
    if idempotency is None:
        return None
    asked = select(IDEMPOTENCY.c.body_digest, IDEMPOTENCY.c.made_id).where(
        IDEMPOTENCY.c.owner_id == owner_id,
        IDEMPOTENCY.c.operation == operation,
        IDEMPOTENCY.c.key == idempotency.key,
    )
    row = (await connection.execute(asked)).first()
    if row is None:
        return None
    idempotency.refuse_other_body(row.body_digest)
    return row.made_id


async def remember(
    connection: AsyncConnection,
    owner_id: UUID,
    operation: str,
    idempotency: IdempotencyKey | None,
    made: tuple[UUID, datetime],
) -> None:
    """Keep the id and time of what the key made."""
    if idempotency is None:
        return
    place = {"owner_id": owner_id, "operation": operation, "key": idempotency.key}
    made_id, now = made
    values = {"body_digest": idempotency.body_digest, "made_id": made_id, "created_at": now}
    insert = upsert(IDEMPOTENCY).values(**place, **values)
    await connection.execute(insert.on_conflict_do_update(index_elements=[*place], set_=values))
