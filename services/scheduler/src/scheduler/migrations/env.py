"""Run the scheduler's migrations."""

from runtime.migrating import run_migrations

run_migrations()
