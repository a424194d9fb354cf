"""Servers that have the same classes and models share one row of their names.

Rows that a leader of the release before writes meanwhile hold their names themselves, and are read.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("CREATE TABLE capability_names (key text PRIMARY KEY, body json NOT NULL)")
    op.execute("ALTER TABLE node_capabilities ADD COLUMN names_key text")
