"""Service accounts: users that act by API keys alone."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD kind text NOT NULL DEFAULT 'person'")


def downgrade() -> None:
    op.execute("DELETE FROM users WHERE kind <> 'person'")
    op.execute("ALTER TABLE users DROP kind")
