"""The time by which rows are old, kept over restarts."""

from runtime.postgres.migrations import create_retention_clock, drop_retention_clock

revision = "0014"
down_revision = "0013"

upgrade, downgrade = create_retention_clock, drop_retention_clock
