"""Verifies at the start of a service that its schema has the version that the code needs.

It does so without Alembic, which is slow to load: migrations are one line of scripts, each named
`0001_<subject>.py` after its revision.
"""

from functools import partial
from importlib.resources import files

import asyncpg

from runtime.postgres.pool import CONNECT_SECONDS
from runtime.process.retry import TOTAL_SECONDS, retry
from runtime.process.settings import DatabaseSettings


class SchemaOutdatedError(RuntimeError):
    """The database is not at the version this code needs: run `comfyfleet migrate`."""


async def verify(
    settings: DatabaseSettings, package: str, *, within: float = TOTAL_SECONDS
) -> None:
    """Return once the schema is at the newest of the package's scripts; raises after `within` s.

    A service may start before its database, or beside its migration, so it waits for both.
    """
    url = settings.database_url.get_secret_value()
    attempt = partial(check, url, package)
    errors = (OSError, asyncpg.PostgresError, SchemaOutdatedError)  # a timeout is an OSError
    await retry(attempt, awaited=f"schema of {package}", errors=errors, within=within)


async def check(url: str, package: str) -> None:
    """Raise unless the schema is at its newest version now."""
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        found, head = await revision(connection, package), newest(package)
    finally:
        await connection.close()
    if found != head:
        raise SchemaOutdatedError(
            f"schema of {package} is at {found}, this needs {head}: run `comfyfleet migrate`"
        )


async def revision(connection: asyncpg.Connection, schema: str) -> str | None:
    """Return the revision of that schema; None before the first migration."""
    try:
        return await connection.fetchval(f'SELECT version_num FROM "{schema}".alembic_version')  # noqa: S608  a package's name
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None


def newest(package: str) -> str | None:
    """Return the revision that this code needs, read from the names of its scripts."""
    versions = files(package) / "migrations" / "versions"
    numbers = [item.name.partition("_")[0] for item in versions.iterdir() if item.name[0].isdigit()]
    return max(numbers, default=None)
