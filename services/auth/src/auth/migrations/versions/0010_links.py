"""One-time links by which users choose a password."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE links (
            user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
            digest text NOT NULL UNIQUE,
            expires_at timestamptz NOT NULL,
            used_by uuid
        )
    """)
    op.execute("CREATE INDEX links_by_expiry ON links (expires_at)")


def downgrade() -> None:
    op.execute("DROP TABLE links")
