"""Writes the events and key-value entries of one transaction as rows of the outbox."""

from collections.abc import Iterator, Sequence
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

MOST_ROW_LENGTH = 1024**2
"""Characters of messages in a row; a relay reads many rows, and a value of jsonb has an end."""
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
    """Subject of a message before it in the same row; this one is sent only if NATS stored that."""

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


def rows_of(messages: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """Yield the messages of each row; one that requires another follows it in the same row."""
    first, length = 0, 0
    for number, message in enumerate(messages):
        is_full = length + len(message.body) > MOST_ROW_LENGTH
        if is_full and number > first and message.requires is None:
            yield messages[first:number]
            first, length = number, 0
        length += len(message.body)
    if messages:
        yield messages[first:]


def inserts(messages: Sequence[Outgoing]) -> Iterator[tuple[str, tuple[str]]]:
    """Yield the statements that add the messages to a transaction, each with its values."""
    return ((INSERT, (encode(row),)) for row in rows_of(messages))


async def append(connection: "AsyncConnection", messages: Sequence[Outgoing]) -> None:
    """Add the messages to the caller's transaction."""
    for statement, values in inserts(messages):
        await connection.exec_driver_sql(statement, values)
