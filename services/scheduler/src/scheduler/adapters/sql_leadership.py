"""Leadership is one row `(epoch, beat_at)`, renewed by each of the leader's transactions.

A session lock fails here: a stopped leader keeps it for ever. The database's own clock decides
whether the row is stale. A leader that is stopped within a transaction holds the row's lock, so
its connections have a limit on idling in a transaction.
"""

from contextlib import AbstractAsyncContextManager

import asyncpg
import structlog

from runtime.postgres.pool import pool
from runtime.process.settings import DatabaseSettings
from scheduler.adapters.sql_ledger import FAILURES

log = structlog.get_logger()

IDLE_SECONDS = 1.5
"""Limit of a leader's connections on idling in a transaction."""

COMMAND_SECONDS = 10.0

ACQUIRE = """UPDATE leader SET epoch = epoch + 1, beat_at = clock_timestamp()
    WHERE epoch = $1 OR beat_at < clock_timestamp() - interval '2 seconds' RETURNING epoch"""

RELEASE = "UPDATE leader SET beat_at = '-infinity' WHERE epoch = $1"


def open_leader_pool(settings: DatabaseSettings) -> AbstractAsyncContextManager[asyncpg.Pool]:
    """Connections that cannot hold the leader's row while their process is stopped."""
    return pool(settings, idle_seconds=IDLE_SECONDS, command_timeout=COMMAND_SECONDS, reset=keep)


async def keep(_connection: object) -> None:
    """Leave a returned connection as it is: asyncpg's default resets it by a round trip."""


class SqlLeadership:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def acquire(self, held: int | None) -> int | None:
        """Take the lead if it is free or `held`; return None if not, or if Postgres is away."""
        try:
            return await self._pool.fetchval(ACQUIRE, -1 if held is None else held)
        except FAILURES as error:
            log.warning("leadership_unclear", reason=str(error) or type(error).__name__)
            return None

    async def release(self, epoch: int) -> None:
        try:
            await self._pool.execute(RELEASE, epoch)
        except FAILURES as error:
            log.info("leadership_not_released", reason=str(error) or type(error).__name__)
