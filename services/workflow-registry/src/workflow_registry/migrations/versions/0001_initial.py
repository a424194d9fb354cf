"""Workflows, their versions and the outbox."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE workflows (
            name text PRIMARY KEY,
            active_version integer,
            about jsonb NOT NULL,
            updated_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    # json, not jsonb: a version is named by the hash of its numbers as they are written
    op.execute("""
        CREATE TABLE versions (
            name text NOT NULL REFERENCES workflows,
            number integer NOT NULL,
            hash text NOT NULL UNIQUE,
            graph json NOT NULL,
            spec json NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (name, number)
        )
    """)
    op.execute("""
        CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            messages jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)


def downgrade() -> None:
    for table in ("outbox", "versions", "workflows"):
        op.execute(f"DROP TABLE {table}")
