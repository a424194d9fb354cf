"""Add the original type and size of an upload, and the options of a mask."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE media ADD source_type text, ADD source_bytes bigint, ADD mask jsonb")
