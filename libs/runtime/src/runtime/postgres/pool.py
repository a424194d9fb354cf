"""Connects to Postgres through asyncpg alone, for a service in which every microsecond counts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from runtime.process.settings import DatabaseSettings

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
IDLE_SECONDS = 30.0


def session(idle_seconds: float = IDLE_SECONDS) -> dict[str, str]:
    """Return settings with which Postgres drops the locks of a client that stands still or is gone.

    A transaction that idles for `idle_seconds` is ended with its connection; so is a connection
    whose machine sends or takes nothing for 20 s. Without them a stopped process keeps its locks
    for ever, and a dead machine for the two hours that TCP takes to give up.
    """
    return {
        "idle_in_transaction_session_timeout": f"{idle_seconds * 1000:.0f}ms",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "2",
        "tcp_user_timeout": "20s",
    }


@asynccontextmanager
async def pool(
    settings: DatabaseSettings,
    *,
    size: int | None = None,
    idle_seconds: float = IDLE_SECONDS,
    **options: Any,
) -> AsyncGenerator[asyncpg.Pool, None]:
    """Open the service's own schema, by default with as many connections as the settings say.

    `options` are asyncpg's.
    """
    options.setdefault("command_timeout", COMMAND_SECONDS)
    async with asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=1,
        max_size=size or settings.database_pool,
        timeout=CONNECT_SECONDS,
        server_settings=session(idle_seconds),
        **options,
    ) as opened:
        yield opened
