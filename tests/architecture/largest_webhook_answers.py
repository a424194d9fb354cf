"""The largest answers about webhooks and their deliveries."""

from collections.abc import Iterable
from typing import get_args

from pydantic import BaseModel

from contracts.values import fitting
from contracts.webhooks.deliveries import DeliveryPage, DeliveryView, ReplayView
from contracts.webhooks.endpoints import (
    MAX_URL_LENGTH,
    CreatedWebhook,
    EventType,
    WebhookPage,
    WebhookView,
)
from contracts.webhooks.jobs import WebhookSecret
from webhooks.adapters.http_receivers import KEPT_BYTES

from .largest_registry_answers import ID, TIME, text

WEBHOOK = WebhookView(
    id=ID,
    owner_id=ID,
    url="u" * MAX_URL_LENGTH,
    event_types=list(get_args(EventType)),
    description=text(300),
    disabled_reason="failing",
    disabled_at=TIME,
    failing_since=TIME,
    created_at=TIME,
)
DELIVERY = DeliveryView(
    id=ID,
    webhook_id=ID,
    event_type="job.prioritized",
    event_id=f"{ID}.{2**63}",
    status="delivered",
    attempt_count=2**31,
    created_at=TIME,
    attempted_at=TIME,
    next_attempt_at=TIME,
    response_status=999,
    response_text="\N{REPLACEMENT CHARACTER}" * KEPT_BYTES,
    duration_seconds=0.125,
    error="e" * 300,
)
WEBHOOK_ANSWERS: Iterable[BaseModel] = (
    WEBHOOK,
    WebhookPage(items=[WEBHOOK] * 50),
    CreatedWebhook(webhook=WEBHOOK, secret="s" * 60),
    DELIVERY,
    WebhookSecret(secret="s" * 60),
    ReplayView(replayed_count=2**63, left_count=2**63),
    DeliveryPage(items=fitting([DELIVERY] * 100)),
)
