"""A table for messages that NATS refuses to store."""

from runtime.postgres.migrations import create_outbox_refused, drop_outbox_refused

revision = "0007"
down_revision = "0006"

upgrade, downgrade = create_outbox_refused, drop_outbox_refused
