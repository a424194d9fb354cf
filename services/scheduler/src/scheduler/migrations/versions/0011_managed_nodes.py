"""Nodes whose agent runs their server itself are marked."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE nodes ADD COLUMN is_managed boolean NOT NULL DEFAULT false")
