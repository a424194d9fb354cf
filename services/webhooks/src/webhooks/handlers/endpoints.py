"""Handles an owner's webhooks: register, list, show, change, delete, and test."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from contracts.message import Accepted
from contracts.webhooks.deliveries import DeliveryView, SendTestEvent
from contracts.webhooks.endpoints import (
    MAX_WEBHOOKS,
    CreatedWebhook,
    CreateWebhook,
    DeleteWebhook,
    FindWebhook,
    ListWebhooks,
    UpdateWebhook,
    WebhookPage,
    WebhookView,
)
from runtime.cursor import PLACE, Cursors
from webhooks.domain.errors import SecretShownError, bad_url
from webhooks.domain.matching import body_of_test
from webhooks.domain.records import Webhook
from webhooks.service import Webhooks

CURSORS = Cursors("webhooks", PLACE)


async def create_webhook(webhooks: Webhooks, command: CreateWebhook) -> CreatedWebhook:
    """Register a webhook; a repetition of the same command gets the same secret."""
    secret = webhooks.seal.new_secret()
    webhook = Webhook(
        id=command.webhook_id,
        owner_id=command.actor.user_id,
        url=command.url,
        host=host_of(webhooks, command.url),
        event_types=tuple(dict.fromkeys(command.event_types)),
        created_at=webhooks.clock(),
        description=command.description,
        sealed_secret=webhooks.seal.seal(secret),
    )
    made = await webhooks.endpoints.add(webhook, MAX_WEBHOOKS, command.idempotency)
    if made is not webhook:
        secret = webhooks.seal.open(made.sealed_secret) if made.sealed_secret else None
    if secret is None:
        raise SecretShownError
    return CreatedWebhook(webhook=made.view(), secret=secret)


async def list_webhooks(webhooks: Webhooks, query: ListWebhooks) -> WebhookPage:
    """Return a page of the actor's webhooks, newest first."""
    found = await webhooks.endpoints.page(query, CURSORS.read(query.cursor))
    items = [webhook.view() for webhook in found[: query.limit]]
    last = items[-1] if len(found) > len(items) else None
    cursor = CURSORS.write((last.created_at, last.id)) if last else None
    return WebhookPage(items=items, next_cursor=cursor)


async def find_webhook(webhooks: Webhooks, query: FindWebhook) -> WebhookView:
    return (await webhooks.endpoints.find(query.webhook_id, query.actor.user_id)).view()


async def update_webhook(webhooks: Webhooks, command: UpdateWebhook) -> WebhookView:
    """Change the fields that the command names."""
    changes: dict[str, Any] = command.model_dump(
        include={"url", "event_types", "description", "is_enabled"}, exclude_none=True
    )
    if command.url is not None:
        changes["host"] = host_of(webhooks, command.url)
    owner_id = command.actor.user_id
    now = webhooks.clock()
    return (await webhooks.endpoints.change(command.webhook_id, owner_id, changes, now)).view()


async def delete_webhook(webhooks: Webhooks, command: DeleteWebhook) -> Accepted:
    """Delete a webhook; a request in progress is not called back."""
    await webhooks.endpoints.delete(command.webhook_id, command.actor.user_id)
    return Accepted()


async def send_test_event(webhooks: Webhooks, command: SendTestEvent) -> DeliveryView:
    """Record a test, which is sent at once; the list of deliveries shows the result."""
    webhook = await find(webhooks, command.webhook_id, command.actor.user_id)
    now = webhooks.clock()
    body = body_of_test(webhook.id, now)
    made = await webhooks.recording.add_test(webhook, str(command.test_id), body, now)
    webhooks.flights.changed.set()
    return made


async def find(webhooks: Webhooks, webhook_id: UUID, owner_id: UUID) -> Webhook:
    """Return the webhook. Raises NotFoundError unless the owner has it."""
    return await webhooks.endpoints.find(webhook_id, owner_id)


def host_of(webhooks: Webhooks, url: str, field: str = "url") -> str:
    """Return the host of a URL. Raises InvalidError if its address is in a private network."""
    if reason := webhooks.receivers.refuse(url):
        raise bad_url(field, reason)
    return urlsplit(url).hostname or ""
