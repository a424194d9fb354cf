"""How Alembic reaches the schema: as `runtime.migrating` says."""

from runtime.migrating import run_migrations

run_migrations()
