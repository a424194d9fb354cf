"""Relays of one outbox: one stands still, one works beside queries that hold all connections."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
import pytest
from nats.js.client import JetStreamContext
from pydantic import SecretStr

from contracts.scheduler.nodes import NodeEntry
from contracts.services import KEYS, NODES
from contracts.values import new_id
from runtime.bus.bucket import read_value
from runtime.bus.client import Bus
from runtime.outbox.messages import Outgoing, inserts, put
from runtime.outbox.relay import Relay, relaying
from runtime.process.health import Health
from runtime.process.service import Runtime
from runtime.process.settings import DatabaseSettings
from runtime.stateful import running_with_state
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer


class HaltingBus(Bus):
    """A bus whose process stands still at its first message until `resumed` is set."""

    def __init__(self, through: Bus) -> None:
        super().__init__(through.service)
        self.resumed = asyncio.Event()
        self.sent: list[str] = []
        self._through = through

    @property
    def largest_bytes(self) -> int:
        return self._through.largest_bytes

    @property
    def jetstream(self) -> JetStreamContext:
        return self  # pyright: ignore[reportReturnType]  (publish is all that a relay calls)

    async def publish(self, subject: str, body: bytes, **options: object) -> object:
        self.sent.append(subject)
        await self.resumed.wait()
        return await self._through.jetstream.publish(subject, body, **options)  # pyright: ignore[reportArgumentType]


@pytest.fixture
async def stack() -> AsyncGenerator[AsyncExitStack, None]:
    async with AsyncExitStack() as stack:
        yield stack


async def a_runtime(stack: AsyncExitStack, bus: Bus) -> Runtime:
    group = await stack.enter_async_context(asyncio.TaskGroup())
    return Runtime(bus, asyncio.Event(), Health(), group)


def a_put(key: UUID, name: str) -> Outgoing:
    return put(NODES, str(key), NodeEntry(node_id=key, name=name, base_url="http://127.0.0.1:1"))


async def commit(database: asyncpg.Connection, relay: Relay, *messages: Outgoing) -> None:
    """Commit each message as a row of its own."""
    for message in messages:
        for statement, values in inserts([message]):
            await database.execute(statement, *values)
    relay.nudge()


async def test_a_relay_that_stands_still_loses_its_lock_and_publishes_nothing_old(
    nats: NatsServer, postgres: PostgresServer, stack: AsyncExitStack
) -> None:
    url = await postgres.database_for("scheduler")
    settings = DatabaseSettings(database_url=SecretStr(url))
    database = await asyncpg.connect(url)
    stack.push_async_callback(database.close)
    bus = await stack.enter_async_context(
        Bus.connect(nats.url, service="scheduler", password=nats.passwords["scheduler"])
    )
    halting, (first, second, third) = HaltingBus(bus), (new_id() for _ in range(3))
    halted = await stack.enter_async_context(
        relaying(await a_runtime(stack, halting), settings, idle_seconds=0.5)
    )
    await commit(database, halted, a_put(first, "old"), a_put(second, "old"))
    await eventually(lambda: len(halting.sent) == 1)

    async def is_published() -> bool:
        body = await read_value(bus, NODES, str(second))
        return bool(body) and NodeEntry.model_validate_json(body).name == "new"

    async def is_committed() -> bool:
        return not await database.fetchval("SELECT count(*) FROM outbox")

    async with relaying(await a_runtime(stack, bus), settings) as other:
        await commit(database, other, a_put(second, "new"))
        await eventually(is_published, within=30)
        await eventually(is_committed, within=30)
    halting.resumed.set()
    await commit(database, halted, a_put(third, "new"))
    await eventually(lambda: len(halting.sent) > 1, within=30)

    assert [subject.rpartition(".")[2] for subject in halting.sent] == [str(first), str(third)]
    assert await is_published()


async def test_queries_that_hold_every_connection_do_not_stop_the_relay(
    nats: NatsServer, postgres: PostgresServer, stack: AsyncExitStack
) -> None:
    url = await postgres.database_for("auth")
    settings = DatabaseSettings(
        database_url=SecretStr(url),
        database_pool=1,
        nats_url=nats.url,
        nats_password=SecretStr(nats.passwords["auth"]),
    )
    _, engine, relay = await stack.enter_async_context(running_with_state(settings, "auth"))
    await stack.enter_async_context(engine.connect())
    database = await asyncpg.connect(url)
    stack.push_async_callback(database.close)

    await commit(database, relay, Outgoing(f"$KV.{KEYS.name}.k", "{}"))

    async def is_empty() -> bool:
        return await database.fetchval("SELECT count(*) FROM outbox") == 0

    await eventually(is_empty)
