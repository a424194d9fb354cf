"""Reads the time of retention_clock.py through SQLAlchemy, which not every service loads."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.postgres.retention_clock import READ, trusted
from runtime.postgres.transaction import transaction


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One reading of the retention clock."""

    time: datetime
    """The time by which rows are old, which stands still for an hour after a jump."""
    clock: datetime
    doubted_at: datetime | None
    """When the clock was first seen after a jump, by the new clock."""

    def time_for(self, age: timedelta) -> datetime:
        """Return a time by which a row of an age below an hour has really got that old.

        Rows of before a jump are so old once the new clock has been seen for that age.
        """
        is_doubted = self.doubted_at is not None and self.clock - self.doubted_at < age
        return self.time if is_doubted else self.clock


async def read_clock(engine: AsyncEngine) -> ClockReading:
    """Read the clock, in a transaction of its own. Raises UnavailableError."""
    async with transaction(engine) as connection:
        row = (await connection.execute(text(READ))).mappings().one()
    return ClockReading(trusted(row), row["clock"], row["doubted_at"])


async def retention_time(engine: AsyncEngine) -> datetime:
    """Return the time by which rows are old. Raises UnavailableError."""
    return (await read_clock(engine)).time
