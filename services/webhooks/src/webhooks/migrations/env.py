"""Runs the migrations when Alembic asks for them."""

from runtime.postgres.migrations import run_migrations

run_migrations()
