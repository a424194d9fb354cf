"""Records events as deliveries, one for each webhook that wants them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.webhooks.deliveries import TEST, DeliveryView
from contracts.webhooks.endpoints import ENDINGS
from runtime.postgres.transaction import transaction
from webhooks.adapters.sql.endpoints import DISABLED
from webhooks.adapters.sql.tables import (
    DELIVERIES,
    OF_DELIVERY,
    OF_WEBHOOK,
    WEBHOOKS,
    as_delivery,
    as_webhook,
)
from webhooks.domain.errors import TooManyDeliveriesError
from webhooks.domain.matching import delivery_id, wants
from webhooks.domain.records import RecordedEvent, Webhook

MAX_WAITING = 10_000
"""Deliveries of one owner that wait; later ones are kept as failed, for a replay."""
TOO_MANY = "too many deliveries wait already"


class SqlRecording:
    def __init__(self, database: AsyncEngine, max_waiting: int = MAX_WAITING) -> None:
        self._database = database
        self._max_waiting = max_waiting

    async def record(self, event: RecordedEvent, now: datetime) -> int:
        is_theirs = WEBHOOKS.c.owner_id == event.owner_id
        is_asked = or_(~WEBHOOKS.c.is_of_job, WEBHOOKS.c.id == event.job_id)
        # a webhook that is being disabled gives up what it has first, or sees this delivery
        asked = select(*OF_WEBHOOK).where(is_theirs, is_asked).with_for_update(read=True)
        async with transaction(self._database) as connection:
            rows = (await connection.execute(asked)).mappings().all()
            found = [as_webhook(row) for row in rows]
            if any(webhook.is_of_job for webhook in found):
                await mark_job(connection, event, now)
            wanting = [webhook for webhook in found if wants(webhook, event)]
            if not wanting:
                return 0
            is_full = await waiting_count(connection, event.owner_id, self._max_waiting) >= (
                self._max_waiting
            )
            new = [new_delivery(webhook, event, now, is_full=is_full) for webhook in wanting]
            statement = upsert(DELIVERIES).values(new).on_conflict_do_nothing()
            return (await connection.execute(statement)).rowcount

    async def add_test(
        self, webhook: Webhook, event_id: str, body: str, now: datetime
    ) -> DeliveryView:
        made_id = delivery_id(webhook.id, event_id)
        values = row_of(webhook, event_id, TEST, body, now) | {"id": made_id}
        async with transaction(self._database) as connection:
            waiting = await waiting_count(connection, webhook.owner_id, self._max_waiting)
            if waiting >= self._max_waiting:
                raise TooManyDeliveriesError
            await connection.execute(upsert(DELIVERIES).values(values).on_conflict_do_nothing())
            made = select(*OF_DELIVERY).where(DELIVERIES.c.id == made_id)
            return as_delivery((await connection.execute(made)).mappings().one())


async def mark_job(connection: AsyncConnection, event: RecordedEvent, now: datetime) -> None:
    """Note that the job of a webhook exists, and that it has ended."""
    values: dict[str, Any] = {"appeared_at": func.coalesce(WEBHOOKS.c.appeared_at, now)}
    if event.type in ENDINGS:
        values["ended_at"] = now
    statement = update(WEBHOOKS).where(WEBHOOKS.c.id == event.job_id, WEBHOOKS.c.is_of_job)
    await connection.execute(statement.values(**values))


async def waiting_count(connection: AsyncConnection, owner_id: UUID, most: int) -> int:
    """Return how many deliveries of the owner wait; no more than `most` are counted."""
    is_waiting = (DELIVERIES.c.owner_id == owner_id) & (DELIVERIES.c.status == "waiting")
    some = select(DELIVERIES.c.id).where(is_waiting).limit(most).subquery()
    return (await connection.execute(select(func.count()).select_from(some))).scalar_one()


def new_delivery(
    webhook: Webhook, event: RecordedEvent, now: datetime, *, is_full: bool
) -> dict[str, Any]:
    values = row_of(webhook, event.id, event.type, event.body, now)
    values["id"] = delivery_id(webhook.id, event.id)
    if is_full or not webhook.is_enabled:
        error = TOO_MANY if webhook.is_enabled else DISABLED
        return values | {"status": "failed", "due_at": None, "error": error}
    return values | {"error": None}


def row_of(
    webhook: Webhook, event_id: str, event_type: str, body: str, now: datetime
) -> dict[str, Any]:
    return {
        "webhook_id": webhook.id,
        "owner_id": webhook.owner_id,
        "event_type": event_type,
        "event_id": event_id,
        "body": body,
        "status": "waiting",
        "attempt_count": 0,
        "tries": 0,
        "created_at": now,
        "due_at": now,
    }
