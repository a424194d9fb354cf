"""Keeps webhooks, with the idempotency keys that made them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.access import IdempotencyKey
from contracts.webhooks.endpoints import ListWebhooks
from runtime.cursor import Place
from runtime.postgres.transaction import transaction
from webhooks.adapters.sql.tables import (
    DELIVERIES,
    IDEMPOTENCY,
    OF_WEBHOOK,
    WEBHOOKS,
    as_webhook,
)
from webhooks.domain.errors import (
    IdTakenError,
    SecretShownError,
    TooManyJobWebhooksError,
    TooManyWebhooksError,
    WebhookNotFoundError,
)
from webhooks.domain.records import Webhook

LOCK = text("SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext(:owner))")
DISABLED = "the webhook was disabled"
RESTARTED: dict[str, Any] = {"disabled_reason": None, "disabled_at": None, "failing_since": None}


class SqlEndpoints:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def add(self, webhook: Webhook, most: int, idempotency: IdempotencyKey | None) -> Webhook:
        async with transaction(self._database) as connection:
            await lock_owner(connection, webhook.owner_id)
            if known := await find(connection, WEBHOOKS.c.id == webhook.id):
                if known.owner_id != webhook.owner_id or known.is_of_job:
                    raise IdTakenError
                return known
            await refuse_repetition(connection, webhook.owner_id, idempotency)
            own = select(func.count()).where(*is_endpoint_of(webhook.owner_id))
            if (await connection.execute(own)).scalar_one() >= most:
                raise TooManyWebhooksError
            await connection.execute(insert(WEBHOOKS), values_of(webhook))
            await remember(connection, webhook, idempotency)
        return webhook

    async def add_of_job(self, webhook: Webhook, most: int) -> None:
        unseen = (WEBHOOKS.c.owner_id == webhook.owner_id) & WEBHOOKS.c.is_of_job
        some = select(WEBHOOKS.c.id).where(unseen, WEBHOOKS.c.appeared_at.is_(None)).limit(most)
        async with transaction(self._database) as connection:
            await lock_owner(connection, webhook.owner_id)
            if known := await find(connection, WEBHOOKS.c.id == webhook.id):
                if known.owner_id != webhook.owner_id or not known.is_of_job:
                    raise IdTakenError
                return
            count = select(func.count()).select_from(some.subquery())
            if (await connection.execute(count)).scalar_one() >= most:
                raise TooManyJobWebhooksError
            await connection.execute(insert(WEBHOOKS), values_of(webhook))

    async def find(self, webhook_id: UUID, owner_id: UUID) -> Webhook:
        async with transaction(self._database) as connection:
            found = await find(connection, is_own(webhook_id, owner_id))
        if found is None:
            raise WebhookNotFoundError
        return found

    async def page(self, query: ListWebhooks, after: Place | None) -> list[Webhook]:
        selected = select(*OF_WEBHOOK).where(*is_endpoint_of(query.actor.user_id))
        if after:
            place = tuple_(WEBHOOKS.c.created_at, WEBHOOKS.c.id)
            selected = selected.where(place < tuple_(*map(literal, after)))
        newest = selected.order_by(WEBHOOKS.c.created_at.desc(), WEBHOOKS.c.id.desc())
        async with transaction(self._database) as connection:
            rows = (await connection.execute(newest.limit(query.limit + 1))).mappings().all()
        return [as_webhook(row) for row in rows]

    async def change(
        self, webhook_id: UUID, owner_id: UUID, changes: Mapping[str, Any], now: datetime
    ) -> Webhook:
        mine = is_own(webhook_id, owner_id)
        async with transaction(self._database) as connection:
            known = await find(connection, mine, lock=True)
            if known is None:
                raise WebhookNotFoundError
            values = dict(changes)
            if "event_types" in values:
                values["event_types"] = list(dict.fromkeys(values["event_types"]))
            if values.get("is_enabled") is True and not known.is_enabled:
                values |= RESTARTED
            if values.get("is_enabled") is False:
                values |= {"disabled_reason": "owner", "disabled_at": known.disabled_at or now}
                await give_up(connection, webhook_id)
            if values:
                await connection.execute(update(WEBHOOKS).where(mine).values(**values))
            return await find(connection, mine) or known

    async def delete(self, webhook_id: UUID, owner_id: UUID) -> None:
        statement = delete(WEBHOOKS).where(is_own(webhook_id, owner_id))
        async with transaction(self._database) as connection:
            if not (await connection.execute(statement)).rowcount:
                raise WebhookNotFoundError


async def lock_owner(connection: AsyncConnection, owner_id: UUID) -> None:
    """Wait until no other transaction counts what this owner has."""
    await connection.execute(LOCK, {"owner": str(owner_id)})


def is_own(webhook_id: UUID, owner_id: UUID) -> ColumnElement[bool]:
    return (WEBHOOKS.c.id == webhook_id) & (WEBHOOKS.c.owner_id == owner_id)


def is_endpoint_of(owner_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return WEBHOOKS.c.owner_id == owner_id, ~WEBHOOKS.c.is_of_job


async def find(
    connection: AsyncConnection, which: ColumnElement[bool], *, lock: bool = False
) -> Webhook | None:
    query = select(*OF_WEBHOOK).where(which)
    query = query.with_for_update() if lock else query
    row = (await connection.execute(query)).mappings().first()
    return as_webhook(row) if row else None


async def give_up(connection: AsyncConnection, webhook_id: UUID) -> None:
    """Fail what waits for the webhook; a replay can deliver it later."""
    waiting = (DELIVERIES.c.webhook_id == webhook_id) & (DELIVERIES.c.status == "waiting")
    failed = {"status": "failed", "due_at": None, "error": DISABLED}
    await connection.execute(update(DELIVERIES).where(waiting).values(**failed))


def values_of(webhook: Webhook) -> dict[str, Any]:
    return asdict(webhook) | {"event_types": list(webhook.event_types)}


async def refuse_repetition(
    connection: AsyncConnection, owner_id: UUID, idempotency: IdempotencyKey | None
) -> None:
    """Raise Conflict if the key made a webhook before that still exists."""
    if idempotency is None:
        return
    used = select(IDEMPOTENCY.c.body_digest, IDEMPOTENCY.c.made_id).where(
        IDEMPOTENCY.c.owner_id == owner_id, IDEMPOTENCY.c.key == idempotency.key
    )
    row = (await connection.execute(used)).first()
    if row is None:
        return
    idempotency.refuse_other_body(row.body_digest)
    if await find(connection, WEBHOOKS.c.id == row.made_id):
        raise SecretShownError


async def remember(
    connection: AsyncConnection, webhook: Webhook, idempotency: IdempotencyKey | None
) -> None:
    if idempotency is None:
        return
    place = {"owner_id": webhook.owner_id, "key": idempotency.key}
    values = {
        "body_digest": idempotency.body_digest,
        "made_id": webhook.id,
        "created_at": webhook.created_at,
    }
    made = upsert(IDEMPOTENCY).values(**place, **values)
    await connection.execute(made.on_conflict_do_update(index_elements=[*place], set_=values))
