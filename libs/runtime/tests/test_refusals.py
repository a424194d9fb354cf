"""A real NATS refuses some messages, and everything else goes on."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg

from contracts.services import KEYS, NODES, Bucket, ServiceName
from contracts.values import new_id
from runtime.bus.bucket import read_value
from runtime.bus.client import Bus
from runtime.outbox.messages import Outgoing
from runtime.outbox.relay import Relay
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer

from .test_outbox import a_database, append

TOO_MUCH = "x" * 600_000
"""More than an entry of a bucket may have."""
MUCH = "x" * 400_000
"""The bucket `keys` holds two of these."""


@dataclass(frozen=True, slots=True)
class Outbox:
    pool: asyncpg.Pool
    bus: Bus
    relay: Relay

    async def commit(self, *rows: Sequence[Outgoing]) -> None:
        """One transaction a row, all published or refused in the end."""
        async with self.pool.acquire() as connection:
            for row in rows:
                await append(connection, row)
        self.relay.nudge()
        await eventually(self.is_empty)

    async def is_empty(self) -> bool:
        return await self.pool.fetchval("SELECT count(*) FROM outbox") == 0

    async def aside(self) -> dict[str, str]:
        rows = await self.pool.fetch("SELECT key, reason FROM outbox_refused")
        return {row["key"]: row["reason"] for row in rows}

    async def value(self, bucket: Bucket, key: str) -> bytes | None:
        return await read_value(self.bus, bucket, key)


@asynccontextmanager
async def an_outbox(
    nats: NatsServer, postgres: PostgresServer, service: ServiceName
) -> AsyncGenerator[Outbox, None]:
    async with AsyncExitStack() as stack:
        pool = await a_database(stack, postgres)
        password = nats.passwords[service]
        bus = await stack.enter_async_context(
            Bus.connect(nats.url, service=service, password=password)
        )
        outbox = Outbox(pool, bus, Relay(pool.acquire, bus))
        running = asyncio.create_task(outbox.relay.run())
        try:
            yield outbox
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


def entry(bucket: Bucket, key: str, body: str, *, requires: str | None = None) -> Outgoing:
    needed = f"$KV.{bucket.name}.{requires}" if requires else None
    return Outgoing(f"$KV.{bucket.name}.{key}", body, requires=needed)


def deleted(bucket: Bucket, key: str) -> Outgoing:
    return Outgoing(f"$KV.{bucket.name}.{key}", "", headers={"KV-Operation": "DEL"})


async def test_a_value_that_is_too_large_holds_up_nothing_until_a_smaller_one_comes(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    large, other = str(new_id()), str(new_id())
    async with an_outbox(nats, postgres, "scheduler") as outbox:
        await outbox.commit([entry(NODES, large, TOO_MUCH)], [entry(NODES, other, "{}")])

        assert await outbox.value(NODES, other) == b"{}"
        assert list(await outbox.aside()) == [f"$KV.nodes.{large}"]
        warning = outbox.relay.warning() or ""
        assert large in warning
        assert "message size exceeds" in warning

        await outbox.commit([entry(NODES, large, TOO_MUCH)])
        await outbox.commit([entry(NODES, large, "{}")])

        assert await outbox.value(NODES, large) == b"{}"
        assert await outbox.aside() == {}
        await eventually(lambda: outbox.relay.warning() is None)


async def test_an_event_larger_than_any_message_is_kept_aside(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    subject, event_id = f"event.job.queued.v1.{new_id()}", str(new_id())
    key = str(new_id())
    huge = Outgoing(subject, "x" * 1024 * 1024, event_id)
    async with an_outbox(nats, postgres, "scheduler") as outbox:
        await outbox.commit(
            [huge, entry(NODES, key, "{}")], [Outgoing(subject, "{}", str(new_id()))]
        )

        assert list(await outbox.aside()) == [event_id]
        assert await outbox.value(NODES, key) == b"{}"
        assert outbox.bus.is_connected


async def test_a_full_bucket_still_takes_what_has_room(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    async with an_outbox(nats, postgres, "auth") as outbox:
        large = [[entry(KEYS, name, MUCH)] for name in ("a", "b", "c")]
        await outbox.commit(*large, [entry(KEYS, "small", "{}")], [deleted(KEYS, "a")])

        assert list(await outbox.aside()) == ["$KV.keys.c"]
        assert await outbox.value(KEYS, "small") == b"{}"

        await outbox.commit([entry(KEYS, "c", MUCH)])
        assert await outbox.aside() == {}
        await outbox.commit([deleted(KEYS, key) for key in ("b", "c", "small")])


async def test_what_leads_to_something_refused_is_not_stored_either(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    version, name = str(new_id()), str(new_id())
    async with an_outbox(nats, postgres, "scheduler") as outbox:
        for body in (TOO_MUCH, "{}"):
            await outbox.commit(
                [entry(NODES, version, body), entry(NODES, name, body[:2], requires=version)]
            )
            if body == TOO_MUCH:
                assert await outbox.value(NODES, name) is None
                assert len(await outbox.aside()) == 2

        assert await outbox.value(NODES, name) == b"{}"
        assert await outbox.aside() == {}
