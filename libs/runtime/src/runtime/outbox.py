"""The outbox: what a transaction says to the world is committed with it, then published.

One row per commit holds all its messages. A relay publishes rows in order and deletes them; a
message may be published twice after a crash, and JetStream drops the second by its id.
"""

# nats-py is only partly typed; see bus.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import asyncpg
import nats.errors
import structlog
from nats.js.errors import Error as JetStreamError
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from contracts.buckets import Bucket
from contracts.event import Event
from runtime.bus import Bus

log = structlog.get_logger()

ROWS_AT_ONCE = 64
IDLE_SECONDS = 5.0
RETRY_SECONDS = 1.0
STORED_SECONDS = 3.0
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext(current_schema()), 7102541)"
"""One relay at a time keeps the order; the schema tells services in one database apart."""

INSERT = "INSERT INTO outbox (messages) VALUES ($1)"
TAKE = "SELECT id, messages FROM outbox ORDER BY id LIMIT $1"
DROP = "DELETE FROM outbox WHERE id = ANY($1)"

Acquire: TypeAlias = Callable[[], AbstractAsyncContextManager[Any]]
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, nats.errors.Error, JetStreamError)
"""Postgres or NATS is; a timeout is an OSError too."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to JetStream; `message_id` lets the server drop a repeat (2 min window)."""

    subject: str
    body: str
    message_id: str | None = None
    headers: dict[str, str] | None = None


def event(fact: Event) -> Outgoing:
    return Outgoing(fact.address(), fact.encode().decode(), fact.event_id())


def put(bucket: Bucket, key: str, value: BaseModel) -> Outgoing:
    return Outgoing(f"$KV.{bucket.name}.{key}", value.model_dump_json())


def delete(bucket: Bucket, key: str) -> Outgoing:
    return Outgoing(f"$KV.{bucket.name}.{key}", "", headers={"KV-Operation": "DEL"})


def encode(messages: Sequence[Outgoing]) -> str:
    rows = [[m.subject, m.body, m.message_id, m.headers] for m in messages]
    return to_json(rows).decode()


def decode(row: str | list[Any]) -> list[Outgoing]:
    return [Outgoing(*fields) for fields in (from_json(row) if isinstance(row, str) else row)]


class Transaction(Protocol):
    """What SQLAlchemy's connection offers, in services that have SQLAlchemy."""

    async def exec_driver_sql(self, statement: str, parameters: tuple[str]) -> object: ...


async def append(transaction: Transaction, messages: Sequence[Outgoing]) -> None:
    """Add one row with all the messages to the caller's transaction."""
    if messages:
        await transaction.exec_driver_sql(INSERT, (encode(messages),))


async def append_asyncpg(connection: Any, messages: Sequence[Outgoing]) -> None:
    """Do the same on a plain asyncpg connection."""
    if messages:
        await connection.execute(INSERT, encode(messages))


class Relay:
    """Publishes what commits left in the outbox; `acquire` lends a connection of asyncpg."""

    def __init__(self, acquire: Acquire, bus: Bus) -> None:
        self._acquire = acquire
        self._bus = bus
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Say that a commit just left something."""
        self._nudged.set()

    async def run(self) -> None:
        """Publish until cancelled; while Postgres or NATS is away, rows wait."""
        while True:
            self._nudged.clear()
            try:
                while await self._publish_some():
                    pass
            except AWAY as error:
                log.warning("outbox_waits", reason=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._idle()

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _publish_some(self) -> bool:
        """Publish the oldest rows; say whether there may be more."""
        async with self._acquire() as connection, connection.transaction():
            return await self._publish_from(connection)

    async def _publish_from(self, connection: Any) -> bool:
        if not await connection.fetchval(TRY_LOCK):
            return False
        rows = await connection.fetch(TAKE, ROWS_AT_ONCE)
        if not rows:
            return False
        for row in rows:
            await publish(self._bus, decode(row["messages"]))
        await connection.execute(DROP, [row["id"] for row in rows])
        return len(rows) == ROWS_AT_ONCE


async def publish(bus: Bus, messages: Sequence[Outgoing]) -> None:
    """Publish all and wait for the server to have stored each."""
    stream, stored = bus.jetstream, list[Any]()
    for message in messages:
        headers = dict(message.headers or {})
        if message.message_id:
            headers["Nats-Msg-Id"] = message.message_id
        stored.append(
            await stream.publish_async(message.subject, message.body.encode(), headers=headers)
        )
    async with asyncio.timeout(STORED_SECONDS):
        await asyncio.gather(*stored)
