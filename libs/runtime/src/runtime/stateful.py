"""Sets up a service that keeps its state in Postgres through SQLAlchemy, with an outbox."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.services import SERVICES, ServiceName
from runtime.outbox.relay import Relay, relaying
from runtime.postgres.engine import database
from runtime.postgres.schema import verify
from runtime.process.service import Runtime, running
from runtime.process.settings import DatabaseSettings


@asynccontextmanager
async def running_with_state(
    settings: DatabaseSettings, service: ServiceName
) -> AsyncGenerator[tuple[Runtime, AsyncEngine, Relay], None]:
    """Set a service up once its schema is there; the relay publishes what its commits leave."""
    async with database(settings) as engine, running(settings, service) as runtime:
        await verify(settings, SERVICES[service].package)
        async with relaying(runtime, settings) as relay:
            yield runtime, engine, relay
