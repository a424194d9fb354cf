"""Requests about webhooks: every field is known, limited and described; others are errors."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Path

from contracts.webhooks import deliveries, endpoints
from gateway.http.bodies import Strict

WebhookId: TypeAlias = Annotated[UUID, Path(description="Id of the webhook, or of a job with one.")]


DeliveryId: TypeAlias = Annotated[UUID, Path(description="Id of the delivery.")]


class WebhookRequest(endpoints.NewWebhook, Strict):
    """A webhook to register."""


class WebhookPatch(endpoints.WebhookChanges, Strict):
    """Changes of a webhook; a field that is left out stays."""


class WebhookFilters(endpoints.WebhookFilters, Strict):
    """Place and size of a page of webhooks."""


class ReplayRequest(deliveries.FailedSince, Strict):
    """The failed deliveries to send again."""


class DeliveryFilters(deliveries.DeliveryFilters, Strict):
    """Filters of the list of deliveries."""
