"""What a real NATS refuses, and that everything else goes on."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg

from contracts.services import KEYS, NODES, Bucket, ServiceName
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.outbox.messages import Outgoing, append_asyncpg
from runtime.outbox.relay import Relay
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer

from .test_outbox import a_database

TOO_MUCH = "x" * 600_000
"""More than an entry of a bucket may have."""
MUCH = "x" * 400_000
"""The bucket `keys` holds two of these."""


@dataclass(frozen=True, slots=True)
class Desk:
    pool: asyncpg.Pool
    bus: Bus
    relay: Relay

    async def commit(self, *rows: Sequence[Outgoing]) -> None:
        """One transaction a row, all published or set aside in the end."""
        async with self.pool.acquire() as connection:
            for row in rows:
                await append_asyncpg(connection, row)
        self.relay.nudge()
        await eventually(self.is_empty)

    async def is_empty(self) -> bool:
        return await self.pool.fetchval("SELECT count(*) FROM outbox") == 0

    async def aside(self) -> dict[str, str]:
        rows = await self.pool.fetch("SELECT key, reason FROM outbox_refused")
        return {row["key"]: row["reason"] for row in rows}

    async def value(self, bucket: Bucket, key: str) -> bytes | None:
        return await self.bus.bucket(bucket).get(key)


@asynccontextmanager
async def a_desk(
    nats: NatsServer, postgres: PostgresServer, service: ServiceName
) -> AsyncGenerator[Desk, None]:
    async with AsyncExitStack() as stack:
        pool = await a_database(stack, postgres)
        password = nats.passwords[service]
        bus = await stack.enter_async_context(
            Bus.connect(nats.url, service=service, password=password)
        )
        desk = Desk(pool, bus, Relay(pool.acquire, bus))
        running = asyncio.create_task(desk.relay.run())
        try:
            yield desk
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


def entry(bucket: Bucket, key: str, body: str, *, after: str | None = None) -> Outgoing:
    needed = f"$KV.{bucket.name}.{after}" if after else None
    return Outgoing(f"$KV.{bucket.name}.{key}", body, after=needed)


def deleted(bucket: Bucket, key: str) -> Outgoing:
    return Outgoing(f"$KV.{bucket.name}.{key}", "", headers={"KV-Operation": "DEL"})


async def test_a_value_that_is_too_large_holds_up_nothing_until_a_smaller_one_comes(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    large, other = str(new_id()), str(new_id())
    async with a_desk(nats, postgres, "scheduler") as desk:
        await desk.commit([entry(NODES, large, TOO_MUCH)], [entry(NODES, other, "{}")])

        assert await desk.value(NODES, other) == b"{}"
        assert list(await desk.aside()) == [f"$KV.nodes.{large}"]
        trouble = desk.relay.trouble() or ""
        assert large in trouble
        assert "message size exceeds" in trouble

        await desk.commit([entry(NODES, large, TOO_MUCH)])
        await desk.commit([entry(NODES, large, "{}")])

        assert await desk.value(NODES, large) == b"{}"
        assert await desk.aside() == {}
        await eventually(lambda: desk.relay.trouble() is None)


async def test_an_event_larger_than_any_message_is_kept_aside(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    subject, event_id = f"event.job.queued.v1.{new_id()}", str(new_id())
    key = str(new_id())
    huge = Outgoing(subject, "x" * 1024 * 1024, event_id)
    async with a_desk(nats, postgres, "scheduler") as desk:
        await desk.commit([huge, entry(NODES, key, "{}")], [Outgoing(subject, "{}", str(new_id()))])

        assert list(await desk.aside()) == [event_id]
        assert await desk.value(NODES, key) == b"{}"
        assert desk.bus.is_connected


async def test_a_full_bucket_still_takes_what_has_room(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    async with a_desk(nats, postgres, "auth") as desk:
        large = [[entry(KEYS, name, MUCH)] for name in ("a", "b", "c")]
        await desk.commit(*large, [entry(KEYS, "small", "{}")], [deleted(KEYS, "a")])

        assert list(await desk.aside()) == ["$KV.keys.c"]
        assert await desk.value(KEYS, "small") == b"{}"

        await desk.commit([entry(KEYS, "c", MUCH)])
        assert await desk.aside() == {}
        await desk.commit([deleted(KEYS, key) for key in ("b", "c", "small")])


async def test_what_leads_to_something_refused_is_not_stored_either(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    version, name = str(new_id()), str(new_id())
    async with a_desk(nats, postgres, "scheduler") as desk:
        for body in (TOO_MUCH, "{}"):
            await desk.commit(
                [entry(NODES, version, body), entry(NODES, name, body[:2], after=version)]
            )
            if body == TOO_MUCH:
                assert await desk.value(NODES, name) is None
                assert len(await desk.aside()) == 2

        assert await desk.value(NODES, name) == b"{}"
        assert await desk.aside() == {}
