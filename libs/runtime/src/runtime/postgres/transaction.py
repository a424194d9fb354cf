"""Runs one transaction; raises UnavailableError if Postgres cannot be reached."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.errors import UnavailableError

BUGS = (DataError, IntegrityError, ProgrammingError)
"""Postgres understood the statement and refused it: a repeat would fail too."""
REFUSED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Errors that SQLAlchemy does not translate: starting up, too many clients, cut off."""


class DatabaseAwayError(UnavailableError):
    code = "database_away"
    message = "the database does not answer"


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection, None]:
    """Begin; commit at the end, or roll back if the block raises."""
    try:
        async with engine.begin() as connection:
            yield connection
    except BUGS:
        raise
    except (OSError, TimeoutError, PoolTimeoutError, DBAPIError, *REFUSED) as error:
        if is_refused_value(error):
            raise
        raise DatabaseAwayError from error


def is_refused_value(error: Exception) -> bool:
    """Return whether the client refused a value that Postgres cannot store, a bug of ours."""
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    return isinstance(cause, ValueError)
