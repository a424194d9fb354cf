"""Ports of webhooks: the tables, the receivers of others, and the seal of secrets."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from contracts.access import IdempotencyKey
from contracts.webhooks.deliveries import DeliveryView, ListDeliveries, ReplayView
from contracts.webhooks.endpoints import ListWebhooks
from runtime.cursor import Place
from webhooks.domain.records import Answer, Candidate, Claimed, RecordedEvent, Webhook
from webhooks.domain.schedule import Verdict
from webhooks.domain.shares import Receiver


class Endpoints(Protocol):
    """Webhooks of owners."""

    async def add(self, webhook: Webhook, most: int, idempotency: IdempotencyKey | None) -> Webhook:
        """Add it, or return the one that has this id already.

        Raises Conflict: too many, the id is another's, or the key made another webhook before.
        """
        ...

    async def add_of_job(self, webhook: Webhook, most: int) -> None:
        """Add the webhook of a job, unless it is there.

        Raises Conflict: the owner has so many whose job has not appeared, or the id is another's.
        """

    async def find(self, webhook_id: UUID, owner_id: UUID) -> Webhook:
        """Raises NotFoundError."""
        ...

    async def page(self, query: ListWebhooks, after: Place | None) -> list[Webhook]:
        """Return one more than the page holds, if there are more."""
        ...

    async def change(
        self, webhook_id: UUID, owner_id: UUID, changes: Mapping[str, Any], now: datetime
    ) -> Webhook:
        """Change fields; a webhook that is disabled gives up what waits. Raises NotFoundError."""
        ...

    async def delete(self, webhook_id: UUID, owner_id: UUID) -> None:
        """Raises NotFoundError."""


class Recording(Protocol):
    """Events become deliveries."""

    async def record(self, event: RecordedEvent, now: datetime) -> int:
        """Add a delivery for each webhook that wants the event; return how many are new."""
        ...

    async def add_test(
        self, webhook: Webhook, event_id: str, body: str, now: datetime
    ) -> DeliveryView:
        """Add a delivery of a test, or return the known one. Raises Conflict: too many wait."""
        ...


class Sending(Protocol):
    """Deliveries that are due."""

    async def due(
        self, now: datetime, full_owners: Collection[UUID], full_receivers: Collection[Receiver]
    ) -> list[Candidate]:
        """Return deliveries that are due, the oldest first, but for these owners and receivers."""
        ...

    async def claim(
        self, delivery_ids: Collection[UUID], now: datetime, until: datetime
    ) -> list[Claimed]:
        """Take deliveries that no other replica has; without a result they are due at `until`."""
        ...

    async def succeeded(self, sent: Claimed, answer: Answer, now: datetime) -> None:
        """Keep the success. If the receiver failed before, what failed there is due again."""

    async def failing_since(self, webhook_id: UUID) -> datetime | None: ...

    async def failed(self, sent: Claimed, answer: Answer, verdict: Verdict, now: datetime) -> None:
        """Keep the failure, and disable the webhook, with an event, if the verdict says so."""


class Deliveries(Protocol):
    """The log of deliveries."""

    async def page(self, query: ListDeliveries, after: Place | None) -> list[DeliveryView]:
        """Return one more than the page holds, if there are more."""
        ...

    async def replay(self, webhook_id: UUID, delivery_id: UUID, now: datetime) -> DeliveryView:
        """Have it sent again. Raises NotFoundError, and Conflict if too many wait."""
        ...

    async def replay_failed(self, webhook_id: UUID, since: datetime, now: datetime) -> ReplayView:
        """Have what failed since then sent again, the oldest first, as many as may wait."""
        ...


class Retention(Protocol):
    """Deletes what is old or too much."""

    async def now(self) -> datetime:
        """Return the time by which rows are old; it follows no jump of the clock."""
        ...

    async def delete_old(self, now: datetime, kept: timedelta) -> None:
        """Delete deliveries of that age, surplus ones, old keys, and webhooks of ended jobs."""


class Receivers(Protocol):
    """HTTP servers of others."""

    def refuse(self, url: str) -> str | None:
        """Return why no request can go to this URL, as far as the URL itself tells."""
        ...

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request; whatever goes wrong is in the answer."""
        ...


class Seal(Protocol):
    """Secrets: new, sealed at rest, and derived for an owner."""

    def new_secret(self) -> str: ...

    def seal(self, secret: str) -> bytes: ...

    def open(self, sealed: bytes) -> str | None:
        """Return the secret; None if it was sealed with another secret of the settings."""
        ...

    def of_owner(self, owner_id: UUID) -> str: ...
