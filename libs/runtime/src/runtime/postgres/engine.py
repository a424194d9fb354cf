"""Connects to Postgres through SQLAlchemy."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from runtime.postgres.pool import COMMAND_SECONDS, CONNECT_SECONDS, session
from runtime.process.settings import DatabaseSettings


@asynccontextmanager
async def database(settings: DatabaseSettings) -> AsyncGenerator[AsyncEngine, None]:
    """Open the service's own schema; connections are made on demand and checked when taken."""
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url.get_secret_value()),
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "server_settings": session(),
        },
    )
    try:
        yield engine
    finally:
        await engine.dispose()


def sqlalchemy_url(url: str) -> str:
    """Name the driver: `postgresql://…` means asyncpg here."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
