"""Roles of a fleet's own."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE roles (
            name text PRIMARY KEY,
            content jsonb NOT NULL,
            created_at timestamptz NOT NULL,
            request_id uuid NOT NULL
        )
    """)
    op.execute("CREATE INDEX users_of_role ON users (role)")


def downgrade() -> None:
    op.execute("DROP INDEX users_of_role")
    op.execute("DROP TABLE roles")
