"""Migrates the schemas of services; services themselves only verify them (schema.py).

Each service has Alembic scripts in `<package>/migrations` and a role and schema of its own, so the
histories of two services are independent.
"""

from importlib.resources import as_file, files

from alembic import command, context, op
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from runtime.postgres.engine import sqlalchemy_url


async def upgrade(database_url: str, package: str, revision: str = "head") -> None:
    """Migrate the schema of one service to `revision`, if it is behind."""
    engine = create_async_engine(sqlalchemy_url(database_url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(upgrade_on, package, revision)
    finally:
        await engine.dispose()


def upgrade_on(connection: Connection, package: str, revision: str) -> None:
    with as_file(files(package) / "migrations") as location:
        config = Config()
        config.set_main_option("script_location", str(location))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def run_migrations() -> None:
    """Run the migrations that Alembic selected; a service's `migrations/env.py` calls only this."""
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()


def create_outbox_refused() -> None:
    """Create the table of messages that NATS refuses to store (see outbox/refused.py)."""
    op.execute("""
        CREATE TABLE outbox_refused (
            key text PRIMARY KEY,
            messages jsonb NOT NULL,
            reason text NOT NULL,
            refused_at timestamptz NOT NULL DEFAULT now()
        )
    """)


def drop_outbox_refused() -> None:
    op.execute("DROP TABLE outbox_refused")


def create_retention_clock() -> None:
    """Create the row of the time by which rows are old (see retention_clock.py)."""
    op.execute("""
        CREATE TABLE retention_clock (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
            seen_at timestamptz NOT NULL DEFAULT now(),
            trusted_at timestamptz NOT NULL DEFAULT now(),
            doubted_at timestamptz
        )
    """)
    op.execute("INSERT INTO retention_clock DEFAULT VALUES")


def drop_retention_clock() -> None:
    op.execute("DROP TABLE retention_clock")
