"""Add the uploader and the time of activation, and the descriptions of servers."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE versions ADD COLUMN created_by uuid, ADD COLUMN activated_at timestamptz")
    # until now a version was active as soon as it was there
    op.execute("UPDATE versions SET activated_at = created_at")
    op.execute("""
        CREATE TABLE descriptions (
            digest text PRIMARY KEY,
            content bytea NOT NULL,
            used_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("""
        CREATE TABLE description_pages (
            digest text NOT NULL,
            page integer NOT NULL,
            pages integer NOT NULL,
            content bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (digest, pages, page)
        )
    """)


def downgrade() -> None:
    for table in ("description_pages", "descriptions"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE versions DROP COLUMN created_by, DROP COLUMN activated_at")
