"""Messages that NATS refuses to store are set aside."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE outbox_refused (
            key text PRIMARY KEY,
            messages jsonb NOT NULL,
            reason text NOT NULL,
            refused_at timestamptz NOT NULL DEFAULT now()
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE outbox_refused")
