"""Sends the requests of webhooks: register, list, change, delete, test, log, replay."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from comfyfleet.client.api import FleetClient
from contracts.webhooks.deliveries import DeliveryPage, DeliveryView, ReplayView
from contracts.webhooks.endpoints import CreatedWebhook, WebhookPage, WebhookView

REPLAY_SECONDS = 30.0


def create(client: FleetClient, webhook: Mapping[str, Any]) -> CreatedWebhook:
    """Register a webhook. It is sent once: a repeat could not show the secret."""
    return client.ask(CreatedWebhook, "POST", "/v1/webhooks", json=webhook)


def every(client: FleetClient) -> list[WebhookView]:
    return client.ask(WebhookPage, "GET", "/v1/webhooks").items


def change(client: FleetClient, webhook_id: UUID, changes: Mapping[str, Any]) -> WebhookView:
    return client.ask(WebhookView, "PATCH", f"/v1/webhooks/{webhook_id}", json=changes)


def delete(client: FleetClient, webhook_id: UUID) -> None:
    client.call("DELETE", f"/v1/webhooks/{webhook_id}")


def send_test(client: FleetClient, webhook_id: UUID) -> DeliveryView:
    return client.ask(DeliveryView, "POST", f"/v1/webhooks/{webhook_id}/test")


def deliveries(
    client: FleetClient, webhook_id: UUID, status: Sequence[str], limit: int
) -> list[DeliveryView]:
    """Return the newest deliveries in any of these statuses; none means all."""
    asked = {"status": list(status), "limit": limit}
    path = f"/v1/webhooks/{webhook_id}/deliveries"
    return client.ask(DeliveryPage, "GET", path, params=asked).items


def replay(client: FleetClient, webhook_id: UUID, delivery_id: UUID) -> DeliveryView:
    path = f"/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"
    return client.ask(DeliveryView, "POST", path)


def replay_failed(client: FleetClient, webhook_id: UUID, since: datetime) -> ReplayView:
    path, body = f"/v1/webhooks/{webhook_id}/replay", {"since": since.isoformat()}
    return client.ask(ReplayView, "POST", path, json=body, timeout=REPLAY_SECONDS)
