"""A migrated Postgres, and the ledger of a scheduler that leads."""

from collections.abc import AsyncGenerator

import asyncpg
import pytest
from pydantic import SecretStr

from runtime.bus.client import Bus
from runtime.outbox.relay import Relay
from runtime.process.settings import DatabaseSettings
from runtime.testing.postgres import PostgresServer
from scheduler.adapters.sql_leadership import SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.state import Limits


@pytest.fixture
async def pool(postgres: PostgresServer) -> AsyncGenerator[asyncpg.Pool, None]:
    url = await postgres.database_for("scheduler")
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(url))) as opened:
        yield opened


@pytest.fixture
async def ledger(pool: asyncpg.Pool) -> SqlLedger:
    epoch = await SqlLeadership(pool).acquire(None)
    assert epoch is not None
    return SqlLedger(pool, Relay(pool.acquire, Bus("scheduler")), epoch, Limits())
