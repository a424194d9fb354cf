"""API keys: secrets by which programs act for users."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE api_keys (
            id uuid PRIMARY KEY,
            user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
            name text NOT NULL,
            prefix text NOT NULL,
            digest text NOT NULL UNIQUE,
            scopes jsonb NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz,
            last_used_at timestamptz
        )
    """)
    op.execute("CREATE INDEX api_keys_of_user ON api_keys (user_id)")
    op.execute("CREATE INDEX api_keys_by_expiry ON api_keys (expires_at)")


def downgrade() -> None:
    op.execute("DROP TABLE api_keys")
