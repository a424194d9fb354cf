"""Scheduler processes for tests, and the connections of who speaks to them."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from runtime.bus.client import Bus
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer

from .fleet import Schedulers


@pytest.fixture
async def schedulers(
    nats: NatsServer, postgres: PostgresServer, tmp_path: Path
) -> AsyncGenerator[Schedulers, None]:
    """Processes that a test starts, on a database of their own; each is killed in the end."""
    started = Schedulers(nats, await postgres.database_for("scheduler"), tmp_path / "log")
    yield started
    started.kill_all()


@pytest.fixture
async def gateway(nats: NatsServer) -> AsyncGenerator[Bus, None]:
    async with Bus.connect(nats.url, service="gateway", password=nats.passwords["gateway"]) as bus:
        yield bus


@pytest.fixture
async def agents(nats: NatsServer) -> AsyncGenerator[Bus, None]:
    password = nats.passwords["node-agent"]
    async with Bus.connect(nats.url, service="node-agent", password=password) as bus:
        yield bus
