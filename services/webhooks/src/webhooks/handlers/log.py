"""Handles the log of deliveries and replays, and deletes old rows."""

from uuid import UUID

from contracts.values import fitting
from contracts.webhooks.deliveries import (
    DeliveryPage,
    DeliveryView,
    ListDeliveries,
    ReplayDelivery,
    ReplayFailed,
    ReplayView,
)
from runtime.cursor import PLACE, Cursors
from webhooks.domain.errors import WebhookDisabledError
from webhooks.service import Webhooks

CURSORS = Cursors("deliveries", PLACE)


async def list_deliveries(webhooks: Webhooks, query: ListDeliveries) -> DeliveryPage:
    """Return a page of a webhook's deliveries, newest first."""
    await webhooks.endpoints.find(query.webhook_id, query.actor.user_id)
    found = await webhooks.deliveries.page(query, CURSORS.read(query.cursor))
    items = fitting(found[: query.limit])
    last = items[-1] if len(found) > len(items) else None
    cursor = CURSORS.write((last.created_at, last.id)) if last else None
    return DeliveryPage(items=items, next_cursor=cursor)


async def replay_delivery(webhooks: Webhooks, command: ReplayDelivery) -> DeliveryView:
    """Send one delivery again at once; a day of attempts begins anew."""
    webhook_id = command.webhook_id
    await check_enabled(webhooks, webhook_id, command.actor.user_id)
    now = webhooks.clock()
    replayed = await webhooks.deliveries.replay(webhook_id, command.delivery_id, now)
    webhooks.flights.changed.set()
    return replayed


async def replay_failed(webhooks: Webhooks, command: ReplayFailed) -> ReplayView:
    """Send the failed deliveries since a time again, as many as may wait."""
    webhook_id = command.webhook_id
    await check_enabled(webhooks, webhook_id, command.actor.user_id)
    now = webhooks.clock()
    replayed = await webhooks.deliveries.replay_failed(webhook_id, command.since, now)
    webhooks.flights.changed.set()
    return replayed


async def check_enabled(webhooks: Webhooks, webhook_id: UUID, owner_id: UUID) -> None:
    """Raise NotFoundError unless the owner has the webhook, and Conflict if it is disabled."""
    if not (await webhooks.endpoints.find(webhook_id, owner_id)).is_enabled:
        raise WebhookDisabledError


async def delete_old(webhooks: Webhooks) -> None:
    """Delete deliveries that are old, surplus ones, and webhooks of jobs that nobody needs."""
    now = min(webhooks.clock(), await webhooks.retention.now())
    await webhooks.retention.delete_old(now, webhooks.kept)
