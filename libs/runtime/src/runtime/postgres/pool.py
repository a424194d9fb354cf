"""Connects to Postgres through asyncpg alone, for a service in which every microsecond counts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from runtime.process.settings import DatabaseSettings

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0


@asynccontextmanager
async def pool(
    settings: DatabaseSettings, command_timeout: float = COMMAND_SECONDS, **options: Any
) -> AsyncGenerator[asyncpg.Pool, None]:
    """Open the service's own schema; `options` are asyncpg's."""
    async with asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=1,
        max_size=settings.database_pool,
        timeout=CONNECT_SECONDS,
        command_timeout=command_timeout,
        **options,
    ) as opened:
        yield opened
