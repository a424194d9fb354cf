"""How Alembic reaches the schema: as `runtime.migrating` says."""

from runtime.postgres.migrations import run_migrations

run_migrations()
