"""Deliveries: one event for one webhook, tried until the receiver takes it or a day has passed."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.access import UserCommand, UserQuery
from contracts.values import Page, QueryText, UtcTime

DeliveryStatus: TypeAlias = Literal["waiting", "delivered", "failed"]
TEST = "webhook.test"
"""Type of the event that a test sends."""


class DeliveryView(BaseModel):
    """One event for one webhook."""

    id: UUID = Field(
        description="The delivery; receivers get it as `webhook-id`, equal at each repetition."
    )
    webhook_id: UUID = Field(description="The webhook.")
    event_type: str = Field(description="Type of the event, or `webhook.test`.")
    event_id: str = Field(description="Id of the event: `<job>.<version>`.")
    status: DeliveryStatus = Field(
        description="`waiting` for the next attempt, `delivered`, or `failed`: given up."
    )
    attempt_count: int = Field(description="Requests sent so far.")
    created_at: datetime = Field(description="When the event arrived.")
    attempted_at: datetime | None = Field(default=None, description="Time of the last request.")
    next_attempt_at: datetime | None = Field(
        default=None, description="When the next request is due; null if it does not wait."
    )
    response_status: int | None = Field(
        default=None, description="HTTP status of the last answer; null if none came."
    )
    response_text: str | None = Field(
        default=None, description="Begin of the last answer, at most 1 KiB."
    )
    duration_seconds: float | None = Field(
        default=None, description="Time that the last request took."
    )
    error: str | None = Field(default=None, description="Why the last attempt failed, for people.")


class DeliveryPage(Page[DeliveryView]):
    """A page of deliveries."""


class DeliveryFilters(BaseModel):
    """Filters of the list of deliveries."""

    status: list[DeliveryStatus] = Field(
        default_factory=list[DeliveryStatus],
        max_length=3,
        description="Deliveries in any of these statuses.",
    )
    limit: int = Field(default=50, ge=1, le=100, description="Deliveries on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class ListDeliveries(DeliveryFilters, UserQuery[DeliveryPage]):
    """List the deliveries of a webhook, newest first. Errors: NotFound."""

    subject: ClassVar[str] = "query.webhooks.list_deliveries.v1"
    webhook_id: UUID


class SendTestEvent(UserCommand[DeliveryView]):
    """Send an event of type `webhook.test` once. Idempotent by `test_id`.

    Errors: NotFound, Conflict (`too_many_deliveries`).
    """

    subject: ClassVar[str] = "command.webhooks.send_test_event.v1"
    webhook_id: UUID
    test_id: UUID


class ReplayDelivery(UserCommand[DeliveryView]):
    """Send a delivery again, whatever became of it, under the id that it had.

    Errors: NotFound, Conflict (`webhook_disabled`, `too_many_deliveries`).
    """

    subject: ClassVar[str] = "command.webhooks.replay_delivery.v1"
    webhook_id: UUID
    delivery_id: UUID


class FailedSince(BaseModel):
    """The failed deliveries to send again."""

    since: UtcTime = Field(description="Failed deliveries that were created then or later.")


class ReplayView(BaseModel):
    """Number of deliveries that are sent again."""

    replayed_count: int = Field(description="Deliveries that wait again, the oldest first.")
    left_count: int = Field(
        description="Failed deliveries for which there was no room: replay again when fewer wait."
    )


class ReplayFailed(FailedSince, UserCommand[ReplayView]):
    """Send all failed deliveries of a webhook again. Errors: NotFound, Conflict."""

    subject: ClassVar[str] = "command.webhooks.replay_failed.v1"
    webhook_id: UUID
