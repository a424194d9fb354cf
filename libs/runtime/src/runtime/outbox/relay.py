"""The outbox: what a transaction says to the world is committed with it, then published.

One row per commit holds all its messages. A relay publishes rows in order and deletes them; a
message may be published twice after a crash, and JetStream drops the second by its id. What NATS
refuses to store is set aside (refusals.py), so that no message holds up all others.
"""

# nats-py is only partly typed; see bus.py.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import nats.errors
import structlog
from nats.errors import MaxPayloadError
from nats.js.errors import Error as JetStreamError

from runtime.bus.client import Bus
from runtime.outbox.messages import Outgoing, decode, encode
from runtime.outbox.refused import Aside, reason

log = structlog.get_logger()

ROWS_AT_ONCE = 64
IDLE_SECONDS = 5.0
RETRY_SECONDS = 1.0
STORED_SECONDS = 3.0
HEADERS_BYTES = 1024
"""Room for headers, which count: the server hangs up on a message over its limit (measured)."""
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext(current_schema()), 7102541)"
"""One relay at a time keeps the order; the schema tells services in one database apart."""

TAKE = "SELECT id, messages FROM outbox ORDER BY id LIMIT $1"
DROP = "DELETE FROM outbox WHERE id = ANY($1)"

Acquire: TypeAlias = Callable[[], AbstractAsyncContextManager[Any]]
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, nats.errors.Error, JetStreamError)
"""Postgres or NATS is; a timeout is an OSError too."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not stored, and why."""

    message: Outgoing
    reason: str


class Relay:
    """Publishes what commits left in the outbox; `acquire` lends a connection of asyncpg."""

    def __init__(self, acquire: Acquire, bus: Bus) -> None:
        self._acquire = acquire
        self._bus = bus
        self._nudged = asyncio.Event()
        self._aside = Aside()

    def nudge(self) -> None:
        """Say that a commit just left something."""
        self._nudged.set()

    def trouble(self) -> str | None:
        """What NATS refuses to store, for `/readyz`; None if nothing."""
        return self._aside.trouble()

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
            await self._aside.read(connection)
            return False
        for row in rows:
            await self._publish_row(connection, decode(row["messages"]))
        await connection.execute(DROP, [row["id"] for row in rows])
        if self._aside.has_changed:
            await self._aside.read(connection)
        return len(rows) == ROWS_AT_ONCE

    async def _publish_row(self, connection: Any, messages: Sequence[Outgoing]) -> None:
        refused = {one.message.key: one for one in await publish(self._bus, messages)}
        for key, one in refused.items():
            await self._aside.keep(connection, key, encode([one.message]), one.reason)
        stored = {message.key for message in messages if not message.is_event} - refused.keys()
        if stored:
            await self._aside.forget(connection, stored)


async def publish(bus: Bus, messages: Sequence[Outgoing]) -> list[Refused]:
    """Publish all, wait for the server to have stored each, and return what it refuses.

    Raises what nats-py does when NATS is away; then any part of them may be stored.
    """
    refused = await send(bus, [message for message in messages if message.after is None])
    lost = {one.message.subject for one in refused}
    later = [message for message in messages if message.after]
    refused += await send(bus, [message for message in later if message.after not in lost])
    return refused + [
        Refused(message, f"it needs {message.after}") for message in later if message.after in lost
    ]


async def send(bus: Bus, messages: Sequence[Outgoing]) -> list[Refused]:
    """Send in order, none waiting for the one before to be stored."""
    sending = (store(bus, message) for message in messages)
    results = await asyncio.gather(*sending, return_exceptions=True)
    return [
        Refused(message, reason(result, is_event=message.is_event))
        for message, result in zip(messages, results, strict=True)
        if isinstance(result, BaseException)
    ]


async def store(bus: Bus, message: Outgoing) -> None:
    """Not with `publish_async`: its future is never done if the server refuses (measured)."""
    body, headers = message.body.encode(), dict(message.headers or {})
    if message.message_id:
        headers["Nats-Msg-Id"] = message.message_id
    if len(body) + HEADERS_BYTES > bus.largest_bytes:
        raise MaxPayloadError
    await bus.jetstream.publish(message.subject, body, timeout=STORED_SECONDS, headers=headers)
