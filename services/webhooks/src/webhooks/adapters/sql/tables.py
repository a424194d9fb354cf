"""Defines the tables as the migrations made them, and reads their rows."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)

from contracts.webhooks.deliveries import DeliveryView
from webhooks.domain.records import Webhook

METADATA = MetaData()
TIME = DateTime(timezone=True)

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", Uuid),
    Column("url", Text),
    Column("host", Text),
    Column("event_types", ARRAY(Text)),
    Column("description", Text),
    Column("sealed_secret", LargeBinary),
    Column("is_of_job", Boolean),
    Column("is_enabled", Boolean),
    Column("disabled_reason", Text),
    Column("disabled_at", TIME),
    Column("failing_since", TIME),
    Column("created_at", TIME),
    Column("appeared_at", TIME),
    Column("ended_at", TIME),
    Column("version", BigInteger),
)
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("webhook_id", Uuid),
    Column("owner_id", Uuid),
    Column("event_type", Text),
    Column("event_id", Text),
    Column("body", Text),
    Column("status", Text),
    Column("attempt_count", Integer),
    Column("created_at", TIME),
    Column("began_at", TIME),
    Column("tries", Integer),
    Column("due_at", TIME),
    Column("attempted_at", TIME),
    Column("response_status", Integer),
    Column("response_text", Text),
    Column("duration_seconds", Float),
    Column("error", Text),
)
IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("owner_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_digest", Text),
    Column("made_id", Uuid),
    Column("created_at", TIME),
)

OF_WEBHOOK = [WEBHOOKS.c[field.name] for field in fields(Webhook)]
OF_DELIVERY = [
    DELIVERIES.c[name] for name in DeliveryView.model_fields if name != "next_attempt_at"
] + [DELIVERIES.c.due_at.label("next_attempt_at")]


def as_webhook(row: Mapping[Any, Any]) -> Webhook:
    values: dict[str, Any] = {**row, "event_types": tuple(row["event_types"])}
    return Webhook(**values)


def as_delivery(row: Mapping[Any, Any]) -> DeliveryView:
    return DeliveryView.model_validate(dict(row))
