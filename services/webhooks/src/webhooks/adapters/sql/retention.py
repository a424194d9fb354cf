"""Deletes deliveries, keys and webhooks of jobs that are old or too many."""

from datetime import datetime, timedelta

from sqlalchemy import Table, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.postgres.retention_time import retention_time
from runtime.postgres.slices import delete_in_slices
from runtime.postgres.transaction import transaction
from webhooks.adapters.sql.tables import DELIVERIES, IDEMPOTENCY, WEBHOOKS

MAX_DELIVERIES = 50_000
"""Of one owner; the oldest of more are deleted."""
KEYS_KEPT = timedelta(hours=24)
NEVER_SEEN_KEPT = timedelta(days=1)
"""A job appears seconds after its webhook was registered, or it was refused."""
UNENDED_KEPT = timedelta(days=366)


class SqlRetention:
    def __init__(self, database: AsyncEngine, max_deliveries: int = MAX_DELIVERIES) -> None:
        self._database = database
        self._max_deliveries = max_deliveries

    async def now(self) -> datetime:
        return await retention_time(self._database)

    async def delete_old(self, now: datetime, kept: timedelta) -> None:
        await self._delete(DELIVERIES, now - kept)
        await self._delete(IDEMPOTENCY, now - KEYS_KEPT)
        await self._delete_surplus()
        has_deliveries = exists().where(DELIVERIES.c.webhook_id == WEBHOOKS.c.id)
        created_at, ended_at = WEBHOOKS.c.created_at, WEBHOOKS.c.ended_at
        for which in (
            and_(WEBHOOKS.c.appeared_at.is_(None), created_at < now - NEVER_SEEN_KEPT),
            and_(ended_at < now - kept, ~has_deliveries),
            created_at < now - UNENDED_KEPT,
        ):
            await delete_in_slices(self._database, WEBHOOKS, WEBHOOKS.c.is_of_job & which)

    async def _delete(self, table: Table, before: datetime) -> None:
        await delete_in_slices(self._database, table, table.c.created_at < before)

    async def _delete_surplus(self) -> None:
        """Delete the oldest deliveries of each owner who has too many."""
        counted = select(DELIVERIES.c.owner_id).group_by(DELIVERIES.c.owner_id)
        many = counted.having(func.count() > self._max_deliveries)
        async with transaction(self._database) as connection:
            owners = (await connection.execute(many)).scalars().all()
        for owner_id in owners:
            is_theirs = DELIVERIES.c.owner_id == owner_id
            newest = select(DELIVERIES.c.created_at).where(is_theirs)
            newest = newest.order_by(DELIVERIES.c.created_at.desc())
            async with transaction(self._database) as connection:
                kept = newest.offset(self._max_deliveries - 1).limit(1)
                oldest_kept = (await connection.execute(kept)).scalar_one_or_none()
            if oldest_kept is not None:
                surplus = is_theirs & (DELIVERIES.c.created_at < oldest_kept)
                await delete_in_slices(self._database, DELIVERIES, surplus)
