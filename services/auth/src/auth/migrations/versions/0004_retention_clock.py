"""The time by which rows are old, kept over restarts."""

from runtime.postgres.migrations import create_retention_clock, drop_retention_clock

revision = "0004"
down_revision = "0003"

upgrade, downgrade = create_retention_clock, drop_retention_clock
