"""Schema migrations: applied by one command; services only verify them, see schema.py.

Each service has Alembic scripts in `<package>/migrations`, and its own role and schema, so no
service's history knows of another's.
"""

from importlib.resources import as_file, files

from alembic import command, context, op
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from runtime.postgres.engine import sqlalchemy_url


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
