"""Columns take the names that the fields have in messages and in the API."""

from alembic import op

revision = "0008"
down_revision = "0007"

RENAMED = (
    ("media", "is_favourite", "is_favorite"),
    ("media", "source_type", "source_content_type"),
    ("media", "source_bytes", "source_size_bytes"),
    ("blobs", "frames", "frame_count"),
)


def upgrade() -> None:
    for table, old, new in RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME {old} TO {new}")


def downgrade() -> None:
    for table, old, new in RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME {new} TO {old}")
