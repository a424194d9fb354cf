"""Ids of entries of the audit log that no other fleet or database has."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE audit ADD entry_id uuid NOT NULL DEFAULT gen_random_uuid()")


def downgrade() -> None:
    op.execute("ALTER TABLE audit DROP entry_id")
