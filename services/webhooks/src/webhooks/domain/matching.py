"""Decides which webhooks get an event, and under which id."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from pydantic_core import to_json

from contracts.scheduler.job_events import JobEvent
from contracts.webhooks.deliveries import TEST
from webhooks.domain.records import RecordedEvent, Webhook

CLOCK_SKEW = timedelta(minutes=1)
"""The owner of an event may have another clock than this service."""


def recorded(event: JobEvent) -> RecordedEvent:
    """Return the event with its body: type, time and the event itself."""
    body = message_body(event.event_type(), event.occurred_at, event)
    return RecordedEvent(
        id=event.event_id(),
        type=event.event_type(),
        owner_id=event.owner_id,
        job_id=event.job_id,
        occurred_at=event.occurred_at,
        body=body,
    )


def message_body(event_type: str, occurred_at: datetime, data: object) -> str:
    return to_json(
        {"type": event_type, "timestamp": occurred_at, "data": data}, exclude_none=True
    ).decode()


def body_of_test(webhook_id: UUID, now: datetime) -> str:
    return message_body(TEST, now, {"webhook_id": webhook_id})


def wants(webhook: Webhook, event: RecordedEvent) -> bool:
    """Tell whether the event is kept for the webhook.

    One that its owner disabled gets nothing; for one that was disabled after failures, events are
    kept as failed, so that a replay finds them. Events from before a webhook existed are nothing
    to it; they are read when this service begins, or was away.
    """
    if not webhook.is_enabled and webhook.disabled_reason == "owner":
        return False
    is_new = webhook.is_of_job or webhook.created_at - CLOCK_SKEW <= event.occurred_at
    return is_new and event.type in webhook.event_types


def delivery_id(webhook_id: UUID, event_id: str) -> UUID:
    """Return the id of this event at this webhook, however often the event arrives."""
    return uuid5(webhook_id, event_id)
