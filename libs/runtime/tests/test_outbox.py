import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from contracts.scheduler.nodes import NodeEntry
from contracts.services import NODES
from contracts.values import new_id
from runtime.bus.bucket import read_value
from runtime.bus.client import Bus
from runtime.outbox.messages import Outgoing, inserts, put
from runtime.outbox.relay import Relay
from runtime.postgres.engine import sqlalchemy_url
from runtime.postgres.transaction import DatabaseAwayError, transaction
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer

TABLE = """CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
messages jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE outbox_refused (key text PRIMARY KEY, messages jsonb NOT NULL, reason text NOT NULL,
refused_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE retention_clock (is_only boolean PRIMARY KEY, seen_at timestamptz NOT NULL,
trusted_at timestamptz NOT NULL, doubted_at timestamptz);
INSERT INTO retention_clock VALUES (true, now(), now())"""


async def a_database(stack: AsyncExitStack, postgres: PostgresServer) -> asyncpg.Pool:
    name = f"test_{secrets.token_hex(6)}"
    await postgres.execute(postgres.url, f"CREATE DATABASE {name}")
    pool = await stack.enter_async_context(
        asyncpg.create_pool(postgres.database_url(name), min_size=1, max_size=4)
    )
    await pool.execute(TABLE)
    return pool


async def append(connection: Any, messages: Sequence[Outgoing]) -> None:
    """Add the messages to the transaction of an asyncpg connection."""
    for statement, values in inserts(messages):
        await connection.execute(statement, *values)


def a_put(key: str, name: str) -> list[Outgoing]:
    node = NodeEntry(node_id=UUID(key), name=name, base_url="http://127.0.0.1:1")
    return [put(NODES, key, node)]


async def test_what_was_committed_is_published_in_order_and_then_gone(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    async with AsyncExitStack() as stack:
        pool = await a_database(stack, postgres)
        password = nats.passwords["scheduler"]
        bus = await stack.enter_async_context(
            Bus.connect(nats.url, service="scheduler", password=password)
        )
        relay, key = Relay(pool.acquire, bus), str(new_id())
        running = asyncio.create_task(relay.run())
        async with pool.acquire() as connection:
            for n in range(100):
                await append(connection, a_put(key, f"n{n}"))
        relay.nudge()

        async def is_empty() -> bool:
            return await pool.fetchval("SELECT count(*) FROM outbox") == 0

        await eventually(is_empty)
        stored = await read_value(bus, NODES, key)
        assert NodeEntry.model_validate_json(stored or b"").name == "n99"
        running.cancel()


async def test_a_connection_that_breaks_in_asyncpg_itself_does_not_end_the_relay(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    async with AsyncExitStack() as stack:
        pool = await a_database(stack, postgres)
        bus = await stack.enter_async_context(
            Bus.connect(nats.url, service="scheduler", password=nats.passwords["scheduler"])
        )
        failures = [asyncpg.InternalClientError("unexpected end")]

        @asynccontextmanager
        async def acquire() -> AsyncGenerator[Any, None]:
            if failures:
                raise failures.pop()
            async with pool.acquire() as connection:
                yield connection

        async with pool.acquire() as connection:
            await append(connection, a_put(str(new_id()), "late"))
        running = asyncio.create_task(Relay(acquire, bus).run())

        async def is_empty() -> bool:
            return await pool.fetchval("SELECT count(*) FROM outbox") == 0

        await eventually(is_empty)
        running.cancel()


async def test_what_was_rolled_back_is_never_published(postgres: PostgresServer) -> None:
    async with AsyncExitStack() as stack:
        pool = await a_database(stack, postgres)
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await append(connection, a_put(str(new_id()), "never"))
            await transaction.rollback()

        assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_while_nats_is_away_rows_wait(nats: NatsServer, postgres: PostgresServer) -> None:
    async with AsyncExitStack() as stack:
        pool = await a_database(stack, postgres)
        password = nats.passwords["scheduler"]
        bus = await stack.enter_async_context(
            Bus.connect(nats.url, service="scheduler", password=password)
        )
        relay, key = Relay(pool.acquire, bus), str(new_id())
        nats.kill()
        async with pool.acquire() as connection:
            await append(connection, a_put(key, "late"))
        running = asyncio.create_task(relay.run())
        await asyncio.sleep(0.2)
        assert await pool.fetchval("SELECT count(*) FROM outbox") == 1
        nats.start()

        async def is_empty() -> bool:
            return await pool.fetchval("SELECT count(*) FROM outbox") == 0

        await eventually(is_empty, within=15)
        assert await read_value(bus, NODES, key)
        running.cancel()


async def test_a_transaction_says_that_the_database_is_away_if_asyncpg_itself_breaks(
    postgres: PostgresServer,
) -> None:
    engine = create_async_engine(sqlalchemy_url(postgres.url), poolclass=NullPool)
    with pytest.raises(DatabaseAwayError):
        async with transaction(engine):
            raise asyncpg.InternalClientError("unexpected end")
