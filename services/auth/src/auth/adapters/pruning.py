"""What is deleted because it is over, too old, or too much."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.domain import audit, sessions
from auth.ports import Clock
from runtime.postgres.transaction import transaction

EXPIRED_SESSIONS = text("DELETE FROM sessions WHERE expires_at <= :now")
SURPLUS_SESSIONS = text("""
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM (
            SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY id DESC) AS place
            FROM sessions
        ) AS placed WHERE place > :most
    )
""")
OLD_FACTS = text("DELETE FROM audit WHERE at < :oldest")
SURPLUS_FACTS = text("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - :most")


async def prune(engine: AsyncEngine, clock: Clock) -> None:
    now: datetime = clock()
    async with transaction(engine) as connection:
        await connection.execute(EXPIRED_SESSIONS, {"now": now})
        await connection.execute(SURPLUS_SESSIONS, {"most": sessions.MOST_PER_USER})
        oldest = now - timedelta(days=audit.KEPT_DAYS)
        await connection.execute(OLD_FACTS, {"oldest": oldest})
        await connection.execute(SURPLUS_FACTS, {"most": audit.MOST_ROWS})
