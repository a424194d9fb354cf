"""A table for presets, each with the idempotency key that made it."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE presets (
            id uuid PRIMARY KEY,
            owner_id uuid NOT NULL,
            name text NOT NULL,
            workflow text NOT NULL,
            inputs json NOT NULL,
            is_shared boolean NOT NULL,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            idempotency_key text,
            body_digest text
        )
    """)
    op.execute("CREATE INDEX presets_by_owner ON presets (owner_id, created_at DESC, id DESC)")
    op.execute("""
        CREATE INDEX presets_shared ON presets (created_at DESC, id DESC) WHERE is_shared
    """)
    op.execute("""
        CREATE UNIQUE INDEX presets_by_key ON presets (owner_id, idempotency_key)
        WHERE idempotency_key IS NOT NULL
    """)


def downgrade() -> None:
    op.execute("DROP TABLE presets")
