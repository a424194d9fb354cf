import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from contracts.auth.principals import Principal
from contracts.errors import UnavailableError
from contracts.services import PRINCIPALS
from runtime.bus.client import Bus
from runtime.outbox.messages import append, delete, lock_writers, put
from runtime.outbox.projection import Projection, Sync
from runtime.outbox.relay import Relay, publish
from runtime.postgres.engine import sqlalchemy_url
from runtime.postgres.transaction import transaction
from runtime.process.service import cancel_all
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer


def a_principal() -> Principal:
    return Principal(user_id=uuid4(), role="user")


@asynccontextmanager
async def an_engine(
    postgres: PostgresServer, url: str | None = None
) -> AsyncGenerator[AsyncEngine, None]:
    engine = create_async_engine(sqlalchemy_url(url or await postgres.database_for("auth")))
    try:
        yield engine
    finally:
        await engine.dispose()


async def test_a_bucket_becomes_what_the_tables_say(
    nats: NatsServer, postgres: PostgresServer
) -> None:
    right, wrong, missing, gone = (a_principal() for _ in range(4))
    wanted = {str(one.user_id): one for one in (right, wrong, missing)}
    async with AsyncExitStack() as stack:
        password = nats.passwords["auth"]
        bus = await stack.enter_async_context(
            Bus.connect(nats.url, service="auth", password=password)
        )
        url = await postgres.database_for("auth")
        engine = await stack.enter_async_context(an_engine(postgres, url))
        pool = await stack.enter_async_context(asyncpg.create_pool(url, min_size=1, max_size=1))
        other = wrong.model_copy(update={"role": "admin"})
        await publish(bus, [put(PRINCIPALS, str(p.user_id), p) for p in (right, other, gone)])
        projection, relay = Projection(PRINCIPALS, Principal), Relay(pool.acquire, bus)
        tasks = [asyncio.create_task(work) for work in (projection.follow(bus), relay.run())]
        try:
            await projection.wait_until_known()
            assert projection.ready.is_set()

            async def read(_connection: AsyncConnection) -> Mapping[str, Principal]:
                return wanted

            await projection.correct(engine, read)
            relay.nudge()
            await eventually(lambda: projection.entries == wanted)
            assert projection.corrections(wanted) == []
        finally:
            await cancel_all(tasks)


async def test_corrections_put_and_delete_nothing_but_what_differs(nats: NatsServer) -> None:
    right, missing = a_principal(), a_principal()
    async with Bus.connect(nats.url, service="auth", password=nats.passwords["auth"]) as bus:
        await publish(bus, [put(PRINCIPALS, f"x.{name}", right) for name in ("right", "gone")])
        projection = Projection(PRINCIPALS, Principal, "x.>")
        following = asyncio.create_task(projection.follow(bus))
        await projection.wait_until_known()
        await cancel_all([following])
    assert projection.corrections({"x.right": right, "x.missing": missing}) == [
        put(PRINCIPALS, "x.missing", missing),
        delete(PRINCIPALS, "x.gone"),
    ]


async def test_a_writer_waits_until_the_correction_is_committed(postgres: PostgresServer) -> None:
    async with an_engine(postgres) as engine:
        async with transaction(engine) as first:
            await lock_writers(first)
            writing = asyncio.create_task(write(engine))
            await asyncio.wait({writing}, timeout=0.2)
            assert not writing.done()
        await writing


async def write(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await lock_writers(connection)
        await append(connection, [delete(PRINCIPALS, str(UUID(int=0)))])
        await connection.execute(text("SELECT 1"))


async def test_a_bucket_that_cannot_be_read_is_not_corrected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runtime.outbox.projection.SNAPSHOT_SECONDS", 0.01)
    with pytest.raises(UnavailableError, match="principals"):
        await Projection(PRINCIPALS, Principal).wait_until_known()


async def test_a_comparison_is_due_at_start_after_a_failure_and_on_demand() -> None:
    sync, compared = Sync(), list[bool]()

    async def compare(*, fails: bool = False) -> None:
        async with sync.when_due():
            compared.append(fails)
            if fails:
                raise UnavailableError("Postgres is away")

    with pytest.raises(UnavailableError):
        await compare(fails=True)
    async with asyncio.timeout(10):
        await compare()
    assert compared == [True, False]

    third = asyncio.create_task(compare())
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(compared) == 2
    sync.demand()
    await third
