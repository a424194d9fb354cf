"""The outbox: what is said of media is committed with what happened to them."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            messages jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)
