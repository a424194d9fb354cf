"""Schema migrations: applied by one command, only verified by services.

Each service has Alembic scripts in `<package>/migrations`, and its own role and schema, so no
service's history knows of another's.
"""

import asyncio
from importlib.resources import as_file, files

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from runtime.database import sqlalchemy_url


class SchemaOutdatedError(RuntimeError):
    """The database is not at the version this code needs: run `comfyfleet migrate`."""


async def upgrade(database_url: str, package: str) -> None:
    """Bring the schema of one service to its newest version; a no-op when it is there."""
    engine = create_async_engine(sqlalchemy_url(database_url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(upgrade_on, package)
    finally:
        await engine.dispose()


def upgrade_on(connection: Connection, package: str) -> None:
    with as_file(files(package) / "migrations") as location:
        config = Config()
        config.set_main_option("script_location", str(location))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def run_migrations() -> None:
    """Be the whole of a service's `migrations/env.py`."""
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()


async def verify(engine: AsyncEngine, package: str) -> None:
    """Raise if the schema is not at the head of the package's scripts."""
    async with engine.connect() as connection:
        found = await connection.run_sync(revision)
    head = await asyncio.to_thread(newest, package)
    if found != head:
        raise SchemaOutdatedError(
            f"schema of {package} is at {found}, this needs {head}: run `comfyfleet migrate`"
        )


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def newest(package: str) -> str | None:
    with as_file(files(package) / "migrations") as location:
        return ScriptDirectory(str(location)).get_current_head()
