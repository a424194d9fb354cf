"""The time by which rows are old follows no jump of the clock before it has lasted an hour."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from runtime.postgres.engine import sqlalchemy_url
from runtime.postgres.retention_time import read_clock, retention_time
from runtime.testing.postgres import PostgresServer

YEAR, MINUTE = timedelta(days=365), timedelta(minutes=1)
SHIFT = """UPDATE retention_clock SET seen_at = seen_at - make_interval(secs => :seconds),
    trusted_at = trusted_at - make_interval(secs => :seconds),
    doubted_at = doubted_at - make_interval(secs => :seconds)"""


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    engine = create_async_engine(sqlalchemy_url(await postgres.database_for("auth")))
    await retention_time(engine)
    yield engine
    await engine.dispose()


async def passes(engine: AsyncEngine, time: timedelta) -> None:
    """Let the clock be later by that: it is so much later than the row says."""
    async with engine.begin() as connection:
        await connection.execute(text(SHIFT), {"seconds": time.total_seconds()})


async def behind(engine: AsyncEngine) -> timedelta:
    """Read the time; return how far it is behind the clock, rounded to minutes."""
    time = await retention_time(engine)
    return round((datetime.now(time.tzinfo) - time) / MINUTE) * MINUTE


async def test_time_that_passes_between_readings_counts_at_once(engine: AsyncEngine) -> None:
    await passes(engine, 4 * MINUTE)
    assert not await behind(engine)


async def test_a_jump_counts_once_it_was_seen_for_an_hour(engine: AsyncEngine) -> None:
    await passes(engine, YEAR)
    assert await behind(engine) == YEAR
    for minutes in range(4, 60, 4):
        await passes(engine, 4 * MINUTE)
        assert await behind(engine) == YEAR + minutes * MINUTE
    await passes(engine, 4 * MINUTE)
    assert not await behind(engine)


async def test_a_jump_ahead_and_back_makes_nothing_old(engine: AsyncEngine) -> None:
    await passes(engine, YEAR)
    assert await behind(engine) == YEAR
    await passes(engine, -YEAR)
    assert not await behind(engine)
    await passes(engine, 4 * MINUTE)
    assert await behind(engine) == 4 * MINUTE, "a clock that jumps is doubted for an hour"
    for _ in range(15):
        await passes(engine, 4 * MINUTE)
        await behind(engine)
    assert not await behind(engine)


async def test_a_short_age_counts_once_the_new_clock_was_seen_for_it(engine: AsyncEngine) -> None:
    age = 10 * MINUTE
    await passes(engine, 6 * MINUTE)
    doubted = await read_clock(engine)
    assert doubted.time_for(age) == doubted.time
    for _ in range(3):
        await passes(engine, 4 * MINUTE)
        await retention_time(engine)
    later = await read_clock(engine)
    assert (later.time_for(age), later.time < later.clock) == (later.clock, True)


async def test_a_clock_that_was_ahead_for_long_and_is_set_back_counts(engine: AsyncEngine) -> None:
    await passes(engine, -YEAR)
    assert not await behind(engine)
