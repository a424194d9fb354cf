"""Defines webhooks, deliveries and attempts as the service keeps them."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.webhooks.deliveries import TEST
from contracts.webhooks.endpoints import DisabledReason, WebhookView

ACCEPTED = range(200, 300)
GONE = 410


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL and the events that it gets."""

    id: UUID
    owner_id: UUID
    url: str
    host: str
    event_types: tuple[str, ...]
    created_at: datetime
    description: str = ""
    sealed_secret: bytes | None = field(default=None, repr=False)
    """None: the secret of its owner, as for each webhook of a single job."""
    is_of_job: bool = False
    is_enabled: bool = True
    disabled_reason: DisabledReason | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None

    def view(self) -> WebhookView:
        return WebhookView.model_validate(asdict(self))


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event of a job, with the body that every receiver gets."""

    id: str
    type: str
    owner_id: UUID
    job_id: UUID
    occurred_at: datetime
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A delivery that is due, and whom a slow answer would hold up."""

    id: UUID
    owner_id: UUID
    host: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process sends now."""

    id: UUID
    webhook_id: UUID
    owner_id: UUID
    url: str
    event_type: str
    body: str = field(repr=False)
    sealed_secret: bytes | None = field(repr=False)
    began_at: datetime
    tries: int
    """Attempts since `began_at`, this one included."""

    @property
    def is_test(self) -> bool:
        return self.event_type == TEST


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one request: an HTTP status, or the reason why there is none."""

    status: int | None = None
    text: str | None = None
    reason: str | None = None
    seconds: float = 0.0

    @property
    def is_success(self) -> bool:
        return self.status in ACCEPTED

    @property
    def is_gone(self) -> bool:
        return self.status == GONE

    @property
    def error(self) -> str | None:
        """Return why the attempt failed, for people; None if it did not."""
        return None if self.is_success else self.reason or f"the receiver answered {self.status}"
