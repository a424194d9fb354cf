"""One transaction, whose failures to reach Postgres are ours: Unavailable, to be tried again."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import UnavailableError

BUGS = (DataError, IntegrityError, ProgrammingError)
"""Postgres understood us, and says no: trying again is no help."""
REFUSED = (asyncpg.PostgresError, asyncpg.InterfaceError)
"""What connecting raises, which SQLAlchemy does not translate: still starting, too many."""


class DatabaseAwayError(UnavailableError):
    code = "database_away"

    def __init__(self) -> None:
        super().__init__("the database does not answer")


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection, None]:
    """Begin; commit at the end, or roll back if the block raises."""
    try:
        async with engine.begin() as connection:
            yield connection
    except BUGS:
        raise
    except (OSError, TimeoutError, PoolTimeoutError, DBAPIError, *REFUSED) as error:
        raise DatabaseAwayError from error
