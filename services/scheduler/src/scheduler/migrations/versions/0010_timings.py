"""Attempts have the times of their graph nodes, and sums of usage the time of loading models."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    "ALTER TABLE attempts ADD COLUMN timings json",
    "ALTER TABLE usage ADD COLUMN load_count bigint NOT NULL DEFAULT 0",
    "ALTER TABLE usage ADD COLUMN load_seconds double precision NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
