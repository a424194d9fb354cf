"""Webhooks of an owner: register, list, show, change, delete; the event about a disabled one.

A webhook of one job has the id of the job, and is registered before the job is submitted
(docs/decisions/0021).
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from contracts.access import IdempotencyKey, UserCommand, UserQuery
from contracts.event import Event
from contracts.message import Accepted
from contracts.values import Page, QueryText

MAX_URL_LENGTH = 2_000
MAX_WEBHOOKS = 20
"""Webhooks of one owner, those of single jobs not counted."""

EventType: TypeAlias = Literal[
    "job.queued",
    "job.started",
    "job.requeued",
    "job.canceling",
    "job.completed",
    "job.failed",
    "job.canceled",
    "job.expired",
    "job.prioritized",
    "job.labeled",
    "job.deleted",
]
ENDINGS: tuple[EventType, ...] = ("job.completed", "job.failed", "job.canceled", "job.expired")
"""Exactly one of these ends a job."""
DisabledReason: TypeAlias = Literal["owner", "gone", "failing"]


def as_webhook_url(text: str) -> str:
    if not all("!" <= letter <= "~" for letter in text):
        raise ValueError("expected a URL in visible ASCII characters, others percent-encoded")
    try:
        parts = urlsplit(text)
        is_server = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_server = False
        parts = urlsplit("")
    if not is_server or "\\" in text:
        raise ValueError("expected `https://host/path` or `http://host/path`")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected a URL without user name and password")
    return text


WebhookUrl: TypeAlias = Annotated[
    str, Field(max_length=MAX_URL_LENGTH), AfterValidator(as_webhook_url)
]


class WebhookView(BaseModel):
    """A URL that gets a request at each event of the chosen types."""

    id: UUID = Field(description="The webhook; that of a single job has the id of the job.")
    owner_id: UUID = Field(description="The user whose events it gets.")
    url: str = Field(description="Receives a POST for each event.")
    event_types: list[EventType] = Field(description="Types of the events that it gets.")
    description: str = Field(default="", description="Its purpose, for people.")
    is_enabled: bool = Field(default=True, description="False: it gets nothing.")
    disabled_reason: DisabledReason | None = Field(
        default=None,
        description="Why it is disabled: `owner` (by a request), `gone` (the receiver answered "
        "410), `failing` (no delivery succeeded for days).",
    )
    disabled_at: datetime | None = Field(default=None, description="When it was disabled.")
    failing_since: datetime | None = Field(
        default=None, description="Time of the first failure since the last success."
    )
    created_at: datetime = Field(description="When it was registered.")


class WebhookPage(Page[WebhookView]):
    """A page of webhooks."""


class CreatedWebhook(BaseModel):
    """A new webhook with its secret, which is shown this once."""

    webhook: WebhookView = Field(description="The webhook.")
    secret: str = Field(
        description="`whsec_` and the key in base64, with which receivers verify signatures. "
        "Keep it: it is not shown again."
    )


class WebhookFilters(BaseModel):
    """Place and size of a page of webhooks."""

    limit: int = Field(default=50, ge=1, le=50, description="Webhooks on a page.")
    cursor: QueryText | None = Field(
        default=None, max_length=200, description="`next_cursor` of the page before."
    )


class ListWebhooks(WebhookFilters, UserQuery[WebhookPage]):
    """List the actor's webhooks, newest first, those of single jobs left out."""

    subject: ClassVar[str] = "query.webhooks.list_webhooks.v1"


class FindWebhook(UserQuery[WebhookView]):
    """Find a webhook, also that of a job. Errors: NotFound."""

    subject: ClassVar[str] = "query.webhooks.find_webhook.v1"
    webhook_id: UUID


class NewWebhook(BaseModel):
    """Fields with which a webhook is registered."""

    url: WebhookUrl = Field(description="Receives a POST for each event; http or https.")
    event_types: list[EventType] = Field(
        default_factory=lambda: list(ENDINGS),
        min_length=1,
        max_length=20,
        description="Types of the events that it gets; those that end a job if left out.",
    )
    description: str = Field(default="", max_length=300, description="Its purpose, for people.")


class CreateWebhook(NewWebhook, UserCommand[CreatedWebhook]):
    """Register a webhook. Idempotent by `webhook_id`.

    Errors: Invalid (`bad_url`), Conflict (`too_many_webhooks`, `webhook_id_taken`,
    `idempotency_key_used`, `idempotency_key_reused`).
    """

    subject: ClassVar[str] = "command.webhooks.create_webhook.v1"
    webhook_id: UUID
    idempotency: IdempotencyKey | None = None


class WebhookChanges(BaseModel):
    """Changes of a webhook; a field that is left out stays."""

    url: WebhookUrl | None = Field(
        default=None, description="Deliveries that wait go to the new URL too."
    )
    event_types: list[EventType] | None = Field(
        default=None, min_length=1, max_length=20, description="Types of the events that it gets."
    )
    description: Annotated[str, Field(max_length=300)] | None = Field(
        default=None, description="Its purpose, for people."
    )
    is_enabled: bool | None = Field(
        default=None,
        description="False: it gets nothing, and deliveries that wait fail. True: it gets events "
        "from now on; a replay delivers those that failed.",
    )


class UpdateWebhook(WebhookChanges, UserCommand[WebhookView]):
    """Change a webhook. Errors: NotFound, Invalid (`bad_url`)."""

    subject: ClassVar[str] = "command.webhooks.update_webhook.v1"
    webhook_id: UUID


class DeleteWebhook(UserCommand[Accepted]):
    """Delete a webhook with its deliveries. Errors: NotFound."""

    subject: ClassVar[str] = "command.webhooks.delete_webhook.v1"
    webhook_id: UUID


class WebhookDisabled(Event):
    """A webhook gets nothing any more, because its receiver is gone or failed for days."""

    subject: ClassVar[str] = "event.webhook.disabled.v1.{owner_id}"
    sent_by: ClassVar = ("webhooks",)
    aggregate_key = "webhook_id"
    webhook_id: UUID = Field(description="The webhook.")
    owner_id: UUID = Field(description="Owner of the webhook.")
    reason: DisabledReason = Field(description="Why it was disabled.")
