"""What was made under an idempotency key: kept with what is made, in one transaction.

A key whose thing is gone meanwhile, or was never seen, makes it anew.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError
from media.adapters.sql.tables import IDEMPOTENCY


async def made_before(
    connection: AsyncConnection, owner_id: UUID, operation: str, idempotency: IdempotencyKey | None
) -> UUID | None:
    """The id of what the key made. Raises Conflict if it was sent with another body."""
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
    if row.body_digest != idempotency.body_digest:
        text = "the idempotency key was used for another request"
        raise ConflictError(text, code="idempotency_key_reused")
    return row.made_id


async def remember(
    connection: AsyncConnection,
    owner_id: UUID,
    operation: str,
    idempotency: IdempotencyKey | None,
    made: tuple[UUID, datetime],
) -> None:
    """Keep what the key made, and when."""
    if idempotency is None:
        return
    place = {"owner_id": owner_id, "operation": operation, "key": idempotency.key}
    made_id, now = made
    values = {"body_digest": idempotency.body_digest, "made_id": made_id, "created_at": now}
    insert = upsert(IDEMPOTENCY).values(**place, **values)
    await connection.execute(insert.on_conflict_do_update(index_elements=[*place], set_=values))
