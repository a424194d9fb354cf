"""Tells the time by which rows are old enough to be deleted for good.

A clock that jumps ahead makes everything old, and on one machine the database has the same clock.
So the time of the last reading is kept in a row: after a jump, also one that happened while no
process ran, the time stands still until the new one has been seen for an hour. Services that use
SQLAlchemy read it by `retention_time.py`.
"""

from datetime import datetime
from typing import Any

import structlog

log = structlog.get_logger()

READ = """
    WITH reading AS (
        SELECT CASE
            WHEN greatest(now(), seen_at) - least(now(), seen_at) > interval '5 minutes' THEN now()
            WHEN now() - doubted_at < interval '1 hour' THEN doubted_at
        END AS doubted_at
        FROM retention_clock FOR UPDATE
    )
    UPDATE retention_clock SET
        seen_at = now(),
        doubted_at = reading.doubted_at,
        trusted_at = CASE WHEN reading.doubted_at IS NULL THEN now() ELSE trusted_at END
    FROM reading
    RETURNING least(trusted_at, now()) AS time, now() AS clock, retention_clock.doubted_at,
        retention_clock.doubted_at = now() AS has_jumped
"""
"""Returns one row. Ticks read each minute, so a longer gap is a jump, or nothing ran meanwhile."""


def trusted(row: Any) -> datetime:
    """Return the time of a row that `READ` returned, by asyncpg or SQLAlchemy."""
    if row["has_jumped"]:
        log.warning("retention_waits", reason="the clock has jumped, or nothing ran for a while")
    return row["time"]
