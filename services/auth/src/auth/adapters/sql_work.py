"""The unit of work on Postgres: each aggregate has a file of its own, `sql_<aggregate>.py`."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.adapters.sql_api_keys import SqlApiKeys
from auth.adapters.sql_audit import SqlAudit
from auth.adapters.sql_idempotency import SqlIdempotency
from auth.adapters.sql_links import SqlLinks
from auth.adapters.sql_roles import SqlRoles
from auth.adapters.sql_sessions import SqlSessions
from auth.adapters.sql_signing_keys import SqlSigningKeys
from runtime.outbox import messages as outbox
from runtime.postgres.retention_clock import READ, trusted
from runtime.postgres.transaction import transaction


class SqlWork(
    SqlSessions, SqlApiKeys, SqlRoles, SqlSigningKeys, SqlLinks, SqlAudit, SqlIdempotency
):
    """One transaction on one connection."""

    async def lock(self) -> None:
        await outbox.lock_writers(self._connection)

    async def prune(self, now: datetime) -> None:
        reading = await self._connection.execute(text(READ))
        now = min(now, trusted(reading.mappings().one()))
        await self._prune_sessions(now)
        await self._prune_api_keys(now)
        await self._prune_audit(now)
        await self._prune_idempotency(now)
        await self._prune_links(now)


class SqlUnitOfWork:
    """Opens transactions, and notifies the relay after each, since it may have left messages."""

    def __init__(self, engine: AsyncEngine, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._committed = committed

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[SqlWork, None]:
        async with transaction(self._engine) as connection:
            yield SqlWork(connection)
        self._committed()
