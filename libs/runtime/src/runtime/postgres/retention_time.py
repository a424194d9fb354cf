"""Reads the time of retention_clock.py through SQLAlchemy, which not every service loads."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.postgres.retention_clock import READ, trusted
from runtime.postgres.transaction import transaction


async def retention_time(engine: AsyncEngine) -> datetime:
    """Return the time, in a transaction of its own. Raises UnavailableError."""
    async with transaction(engine) as connection:
        return trusted((await connection.execute(text(READ))).mappings().one())
