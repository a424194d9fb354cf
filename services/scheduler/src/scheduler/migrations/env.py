"""Run the scheduler's migrations."""

from runtime.postgres.migrations import run_migrations

run_migrations()
