"""Reads the log of deliveries, and has deliveries sent again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.webhooks.deliveries import TEST, DeliveryView, ListDeliveries, ReplayView
from runtime.cursor import Place
from runtime.postgres.transaction import transaction
from webhooks.adapters.sql.recording import MAX_WAITING, waiting_count
from webhooks.adapters.sql.tables import DELIVERIES, OF_DELIVERY, WEBHOOKS, as_delivery
from webhooks.domain.errors import (
    DeliveryNotFoundError,
    TooManyDeliveriesError,
    WebhookDisabledError,
)


class SqlDeliveries:
    def __init__(self, database: AsyncEngine, max_waiting: int = MAX_WAITING) -> None:
        self._database = database
        self._max_waiting = max_waiting

    async def page(self, query: ListDeliveries, after: Place | None) -> list[DeliveryView]:
        selected = select(*OF_DELIVERY).where(DELIVERIES.c.webhook_id == query.webhook_id)
        if query.status:
            selected = selected.where(DELIVERIES.c.status.in_(query.status))
        if after:
            place = tuple_(DELIVERIES.c.created_at, DELIVERIES.c.id)
            selected = selected.where(place < tuple_(*map(literal, after)))
        newest = selected.order_by(DELIVERIES.c.created_at.desc(), DELIVERIES.c.id.desc())
        async with transaction(self._database) as connection:
            rows = (await connection.execute(newest.limit(query.limit + 1))).mappings().all()
        return [as_delivery(row) for row in rows]

    async def replay(self, webhook_id: UUID, delivery_id: UUID, now: datetime) -> DeliveryView:
        it = (DELIVERIES.c.webhook_id == webhook_id) & (DELIVERIES.c.id == delivery_id)
        async with transaction(self._database) as connection:
            room = await self._room(connection, webhook_id)
            known = (await connection.execute(select(DELIVERIES.c.status).where(it))).first()
            if known is None:
                raise DeliveryNotFoundError
            if known.status != "waiting" and not room:
                raise TooManyDeliveriesError
            await connection.execute(update(DELIVERIES).where(it).values(**waiting_again(now)))
            found = await connection.execute(select(*OF_DELIVERY).where(it))
            return as_delivery(found.mappings().one())

    async def replay_failed(self, webhook_id: UUID, since: datetime, now: datetime) -> ReplayView:
        failed = failed_since(webhook_id, since)
        oldest = select(DELIVERIES.c.id).where(failed).order_by(DELIVERIES.c.created_at)
        async with transaction(self._database) as connection:
            room = await self._room(connection, webhook_id)
            some = DELIVERIES.c.id.in_(oldest.limit(room).scalar_subquery())
            again = update(DELIVERIES).where(some).values(**waiting_again(now))
            replayed = (await connection.execute(again)).rowcount
            left = select(func.count()).select_from(DELIVERIES).where(failed)
            left_count = (await connection.execute(left)).scalar_one()
        return ReplayView(replayed_count=replayed, left_count=left_count)

    async def _room(self, connection: AsyncConnection, webhook_id: UUID) -> int:
        """Return how many more deliveries of the owner may wait, and lock the webhook.

        Raises WebhookDisabledError: nothing may wait for a webhook that was disabled meanwhile.
        """
        it = select(WEBHOOKS.c.owner_id, WEBHOOKS.c.is_enabled).where(WEBHOOKS.c.id == webhook_id)
        row = (await connection.execute(it.with_for_update(read=True))).first()
        if row is None or not row.is_enabled:
            raise WebhookDisabledError
        return self._max_waiting - await waiting_count(connection, row.owner_id, self._max_waiting)


def failed_since(webhook_id: UUID, since: datetime) -> ColumnElement[bool]:
    return (
        (DELIVERIES.c.webhook_id == webhook_id)
        & (DELIVERIES.c.status == "failed")
        & (DELIVERIES.c.event_type != TEST)
        & (DELIVERIES.c.created_at >= since)
    )


def waiting_again(now: datetime) -> dict[str, Any]:
    """Return what makes a delivery due at once, with a day of attempts before it."""
    return {"status": "waiting", "due_at": now, "began_at": None, "tries": 0}
