"""Connections to Postgres: SQLAlchemy for most, asyncpg where every microsecond counts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from runtime.settings import DatabaseSettings

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0


@asynccontextmanager
async def database(settings: DatabaseSettings) -> AsyncGenerator[AsyncEngine, None]:
    """Open the service's own schema; connections are made on demand and checked when taken."""
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url.get_secret_value()),
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS},
    )
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def pool(settings: DatabaseSettings) -> AsyncGenerator[asyncpg.Pool, None]:
    """Open a plain asyncpg pool, for hot paths."""
    async with asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=1,
        max_size=settings.database_pool,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
    ) as opened:
        yield opened


def sqlalchemy_url(url: str) -> str:
    """Name the driver: `postgresql://…` means asyncpg here."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
