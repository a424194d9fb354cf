"""Writes the events and key-value entries of one transaction as one row of the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from contracts.event import Event
from contracts.services import Bucket

if TYPE_CHECKING:  # the scheduler does without SQLAlchemy
    from sqlalchemy.ext.asyncio import AsyncConnection

INSERT = "INSERT INTO outbox (messages) VALUES ($1)"
LOCK = "SELECT pg_advisory_xact_lock(hashtext(current_schema()), 1)"
"""Advisory locks belong to the database, which services share: the schema tells them apart."""

MARKER_SECONDS = 24 * 3600
"""Followers read a bucket whole after each reconnect, so none needs an older marker."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to JetStream; `message_id` lets NATS drop a repeat (2 min window)."""

    subject: str
    body: str
    message_id: str | None = None
    headers: dict[str, str] | None = None
    requires: str | None = None
    """Subject of a message in the same row; if NATS refuses that one, this one is not sent."""

    @property
    def is_event(self) -> bool:
        return self.message_id is not None

    @property
    def key(self) -> str:
        """Names the message among refused ones: an entry by its subject, an event by its id."""
        return self.message_id or self.subject


def event(fact: Event) -> Outgoing:
    return Outgoing(fact.address(), fact.encode().decode(), fact.event_id())


def put(bucket: Bucket, key: str, value: BaseModel, *, requires: str | None = None) -> Outgoing:
    """Return an entry that is not stored if `requires`, a key of the same bucket, is refused."""
    needed = f"$KV.{bucket.name}.{requires}" if requires else None
    return Outgoing(f"$KV.{bucket.name}.{key}", value.model_dump_json(), requires=needed)


def delete(bucket: Bucket, key: str) -> Outgoing:
    """Return a marker that deletes the key; the server forgets the marker itself after a day."""
    headers = {"KV-Operation": "DEL", "Nats-TTL": f"{MARKER_SECONDS}s"}
    return Outgoing(f"$KV.{bucket.name}.{key}", "", headers=headers)


def encode(messages: Sequence[Outgoing]) -> str:
    rows = [[m.subject, m.body, m.message_id, m.headers, m.requires] for m in messages]
    return to_json(rows).decode()


def decode(row: str | list[Any]) -> list[Outgoing]:
    return [Outgoing(*fields) for fields in (from_json(row) if isinstance(row, str) else row)]


async def lock_writers(connection: "AsyncConnection") -> None:
    """Wait until no other transaction of this schema holds this lock, and hold it to the end."""
    await connection.exec_driver_sql(LOCK)


async def append(connection: "AsyncConnection", messages: Sequence[Outgoing]) -> None:
    """Add one row with all the messages to the caller's transaction."""
    if messages:
        await connection.exec_driver_sql(INSERT, (encode(messages),))


async def append_asyncpg(connection: Any, messages: Sequence[Outgoing]) -> None:
    """Add one row with all the messages to the transaction of an asyncpg connection."""
    if messages:
        await connection.execute(INSERT, encode(messages))
