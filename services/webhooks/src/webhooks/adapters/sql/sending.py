"""Finds, claims and settles deliveries that are due."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.webhooks.endpoints import DisabledReason, WebhookDisabled
from runtime.outbox import messages as outbox
from runtime.postgres.transaction import transaction
from webhooks.adapters.sql.endpoints import give_up
from webhooks.adapters.sql.tables import DELIVERIES, WEBHOOKS
from webhooks.domain.records import Answer, Candidate, Claimed
from webhooks.domain.schedule import EARLIEST_AGAIN, Verdict
from webhooks.domain.shares import Receiver

AT_ONCE = 256
IS_WAITING = DELIVERIES.c.status == "waiting"
IS_OF = DELIVERIES.c.webhook_id == WEBHOOKS.c.id


class SqlSending:
    def __init__(self, database: AsyncEngine, committed: Callable[[], None]) -> None:
        self._database = database
        self._committed = committed

    async def due(
        self, now: datetime, full_owners: Collection[UUID], full_receivers: Collection[Receiver]
    ) -> list[Candidate]:
        query = (
            select(DELIVERIES.c.id, DELIVERIES.c.owner_id, WEBHOOKS.c.host)
            .join_from(DELIVERIES, WEBHOOKS, IS_OF)
            .where(IS_WAITING, DELIVERIES.c.due_at <= now)
            .order_by(DELIVERIES.c.due_at)
        )
        if full_owners:
            query = query.where(DELIVERIES.c.owner_id.not_in(full_owners))
        if full_receivers:
            receiver = tuple_(DELIVERIES.c.owner_id, WEBHOOKS.c.host)
            query = query.where(receiver.not_in(full_receivers))
        async with transaction(self._database) as connection:
            rows = (await connection.execute(query.limit(AT_ONCE))).mappings().all()
        return [Candidate(**row) for row in rows]

    async def claim(
        self, delivery_ids: Collection[UUID], now: datetime, until: datetime
    ) -> list[Claimed]:
        is_free = (IS_WAITING, DELIVERIES.c.due_at <= now, DELIVERIES.c.id.in_(delivery_ids))
        free = select(DELIVERIES.c.id).where(*is_free).with_for_update(skip_locked=True)
        claim = (
            update(DELIVERIES)
            .where(DELIVERIES.c.id.in_(free.scalar_subquery()), IS_OF)
            .values(
                due_at=until,
                attempted_at=now,
                began_at=func.coalesce(DELIVERIES.c.began_at, now),
                attempt_count=DELIVERIES.c.attempt_count + 1,
                tries=DELIVERIES.c.tries + 1,
                # the log tells of the last attempt, which has no result yet
                response_status=None,
                response_text=None,
                duration_seconds=None,
                error=None,
            )
            .returning(
                *(DELIVERIES.c[name] for name in ("id", "webhook_id", "owner_id", "event_type")),
                *(DELIVERIES.c[name] for name in ("body", "began_at", "tries")),
                *(WEBHOOKS.c.url, WEBHOOKS.c.sealed_secret),
            )
        )
        async with transaction(self._database) as connection:
            rows = (await connection.execute(claim)).mappings().all()
        return [Claimed(**row) for row in rows]

    async def succeeded(self, sent: Claimed, answer: Answer, now: datetime) -> None:
        is_sent = DELIVERIES.c.id == sent.id
        values = result(answer) | {"status": "delivered", "due_at": None, "error": None}
        failed = (WEBHOOKS.c.id == sent.webhook_id) & WEBHOOKS.c.failing_since.is_not(None)
        async with transaction(self._database) as connection:
            # the webhook before its deliveries, as wherever both are locked
            restored = update(WEBHOOKS).where(failed).values(failing_since=None)
            is_back = (await connection.execute(restored)).rowcount
            await connection.execute(update(DELIVERIES).where(is_sent).values(**values))
            if is_back:
                await bring_forward(connection, sent.webhook_id, now)

    async def failing_since(self, webhook_id: UUID) -> datetime | None:
        query = select(WEBHOOKS.c.failing_since).where(WEBHOOKS.c.id == webhook_id)
        async with transaction(self._database) as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def failed(self, sent: Claimed, answer: Answer, verdict: Verdict, now: datetime) -> None:
        status = "waiting" if verdict.due_at else "failed"
        values = result(answer) | {"status": status, "due_at": verdict.due_at}
        waits = update(DELIVERIES).where(DELIVERIES.c.id == sent.id, IS_WAITING)
        is_its = WEBHOOKS.c.id == sent.webhook_id
        since = func.coalesce(WEBHOOKS.c.failing_since, now)
        async with transaction(self._database) as connection:
            if not sent.is_test:
                failing = update(WEBHOOKS).where(is_its, WEBHOOKS.c.is_enabled)
                await connection.execute(failing.values(failing_since=since))
            await connection.execute(waits.values(**values))
            if verdict.disable:
                await disable(connection, sent, verdict.disable, now)
        if verdict.disable:
            self._committed()


def result(answer: Answer) -> dict[str, Any]:
    """Return what the log keeps of an attempt."""
    return {
        "response_status": answer.status,
        "response_text": answer.text,
        "duration_seconds": round(answer.seconds, 3),
        "error": answer.error,
    }


async def bring_forward(connection: AsyncConnection, webhook_id: UUID, now: datetime) -> None:
    """Have what failed at this receiver sent again soon, since the receiver is back."""
    again = func.greatest(now, DELIVERIES.c.attempted_at + EARLIEST_AGAIN)
    is_its = (DELIVERIES.c.webhook_id == webhook_id) & IS_WAITING & (DELIVERIES.c.tries > 0)
    earlier = update(DELIVERIES).where(is_its, DELIVERIES.c.due_at > again)
    await connection.execute(earlier.values(due_at=again))


async def disable(
    connection: AsyncConnection, sent: Claimed, reason: DisabledReason, now: datetime
) -> None:
    """Disable the webhook, give up what waits for it, and publish that."""
    values: dict[str, Any] = {
        "is_enabled": False,
        "disabled_reason": reason,
        "disabled_at": now,
        "version": WEBHOOKS.c.version + 1,
    }
    is_enabled = (WEBHOOKS.c.id == sent.webhook_id) & WEBHOOKS.c.is_enabled
    disabled = update(WEBHOOKS).where(is_enabled).values(**values)
    found = await connection.execute(disabled.returning(WEBHOOKS.c.version))
    version = found.scalar_one_or_none()
    if version is None:
        return
    await give_up(connection, sent.webhook_id)
    fact = WebhookDisabled(
        webhook_id=sent.webhook_id,
        owner_id=sent.owner_id,
        reason=reason,
        version=version,
        occurred_at=now,
    )
    await outbox.append(connection, [outbox.event(fact)])
