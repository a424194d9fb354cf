"""A table for raw graphs, each whole as it is published."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # json, not jsonb: a version is named by the hash of its numbers as they are written
    op.execute("""
        CREATE TABLE graphs (
            hash text PRIMARY KEY,
            record json NOT NULL,
            size_bytes integer NOT NULL,
            used_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("CREATE INDEX graphs_by_use ON graphs (used_at)")


def downgrade() -> None:
    op.execute("DROP TABLE graphs")
