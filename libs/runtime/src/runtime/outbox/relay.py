"""Publishes the rows of the outbox, in which commits leave their messages.

A row holds the messages of a commit, or a part of them if they are many. A relay publishes the rows
in order and deletes them. After a crash it may publish a message twice; JetStream drops the second
by its id. A message that NATS refuses to store moves to another table (refused.py), so that it does
not hold up the others.

A relay has a connection of its own, so no query can starve it. Postgres ends the connection, and
with it the relay's lock, when the process stands still; the relay of a replica then goes on.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import nats.errors
import structlog
from nats.errors import MaxPayloadError
from nats.js.errors import Error as JetStreamError

from runtime.bus.client import Bus
from runtime.outbox.messages import Outgoing, decode, encode
from runtime.outbox.refused import RefusedMessages, refusal_or_raise
from runtime.postgres.pool import pool
from runtime.process.service import Runtime, cancel_all
from runtime.process.settings import DatabaseSettings
from runtime.wait import wait_for

log = structlog.get_logger()

ROWS_AT_ONCE = 64
IDLE_SECONDS = 5.0
RETRY_SECONDS = 1.0
STORED_SECONDS = 3.0
MOST_IDLE_SECONDS = 10.0
"""A row takes at most twice `STORED_SECONDS`, so a longer pause within a transaction is a halt."""
COMMAND_SECONDS = 10.0
HEADERS_BYTES = 1024
"""Reserved for headers: they count, and a message over the limit ends the connection (measured)."""
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext(current_schema()), 7102541)"
"""One relay at a time keeps the order; the schema distinguishes services in one database."""

TAKE = "SELECT id, messages FROM outbox ORDER BY id LIMIT $1"
DROP = "DELETE FROM outbox WHERE id = $1"

Acquire: TypeAlias = Callable[[], AbstractAsyncContextManager[Any]]
Refused: TypeAlias = tuple[Outgoing, str]
"""A message that NATS did not store, and its reason."""
AWAY = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server ended at the wrong moment
    nats.errors.Error,
    JetStreamError,
)
"""Errors while Postgres or NATS is away; a timeout is an OSError too."""


class Relay:
    """Publishes messages that commits left in the outbox; `acquire` lends an asyncpg connection."""

    def __init__(self, acquire: Acquire, bus: Bus) -> None:
        self._acquire = acquire
        self._bus = bus
        self._nudged = asyncio.Event()
        self._refused = RefusedMessages()

    def nudge(self) -> None:
        """Look into the outbox now: a commit has left messages."""
        self._nudged.set()

    def warning(self) -> str | None:
        """Return a line for `/readyz` about messages that NATS refuses, or None."""
        return self._refused.warning()

    async def run(self) -> None:
        """Publish until canceled; while Postgres or NATS is away, rows wait."""
        while True:
            self._nudged.clear()
            try:
                while await self._publish_some():
                    pass
            except AWAY as error:
                log.warning("outbox_waits", reason=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await wait_for(self._nudged, IDLE_SECONDS)

    async def _publish_some(self) -> bool:
        """Publish the oldest rows; return whether there may be more."""
        async with self._acquire() as connection, connection.transaction():
            if not await connection.fetchval(TRY_LOCK):
                return False
            rows = await connection.fetch(TAKE, ROWS_AT_ONCE)
            for row in rows:
                # fails if the lock is gone: a relay that stood still publishes nothing old
                await connection.execute(DROP, row["id"])
                await self._publish_row(connection, decode(row["messages"]))
            if not rows:
                await self._refused.prune(connection)
            if not rows or self._refused.has_changed:
                await self._refused.read(connection)
            return len(rows) == ROWS_AT_ONCE

    async def _publish_row(self, connection: Any, messages: Sequence[Outgoing]) -> None:
        stored = {message.key for message in messages if not message.is_event}
        for message, reason in await publish(self._bus, messages):
            stored.discard(message.key)
            await self._refused.keep(connection, message.key, encode([message]), reason)
        if stored:
            await self._refused.forget(connection, stored)


@asynccontextmanager
async def relaying(
    runtime: Runtime, settings: DatabaseSettings, *, idle_seconds: float = MOST_IDLE_SECONDS
) -> AsyncGenerator[Relay, None]:
    """Publish beside the service what its commits leave in the outbox, on an own connection."""
    async with pool(
        settings, size=1, idle_seconds=idle_seconds, command_timeout=COMMAND_SECONDS
    ) as connections:
        relay = Relay(connections.acquire, runtime.bus)
        running = runtime.spawn(relay.run(), name="outbox")
        runtime.health.warnings.append(relay.warning)
        try:
            yield relay
        finally:
            await cancel_all([running])


async def publish(bus: Bus, messages: Sequence[Outgoing]) -> list[Refused]:
    """Publish all, wait until NATS has stored each, and return those it refuses, and why.

    Raises an error of nats-py while NATS is away; then any part of them may be stored.
    """
    refused = await send(bus, [message for message in messages if message.requires is None])
    lost = {message.subject for message, _ in refused}
    later = [message for message in messages if message.requires]
    refused += await send(bus, [message for message in later if message.requires not in lost])
    return refused + [
        (message, f"it needs {message.requires}") for message in later if message.requires in lost
    ]


async def send(bus: Bus, messages: Sequence[Outgoing]) -> list[Refused]:
    """Send in order, without waiting until the message before is stored."""
    sending = (store(bus, message) for message in messages)
    results = await asyncio.gather(*sending, return_exceptions=True)
    return [
        (message, refusal_or_raise(result, is_event=message.is_event))
        for message, result in zip(messages, results, strict=True)
        if isinstance(result, BaseException)
    ]


async def store(bus: Bus, message: Outgoing) -> None:
    """Store one message; the future of `publish_async` never ends if NATS refuses (measured)."""
    body, headers = message.body.encode(), dict(message.headers or {})
    if message.message_id:
        headers["Nats-Msg-Id"] = message.message_id
    if len(body) + HEADERS_BYTES > bus.largest_bytes:
        raise MaxPayloadError
    await bus.jetstream.publish(message.subject, body, timeout=STORED_SECONDS, headers=headers)
