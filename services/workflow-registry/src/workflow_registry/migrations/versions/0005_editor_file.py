"""A version keeps the editor's file of which its graph was made."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE versions ADD COLUMN editor_file json")


def downgrade() -> None:
    op.execute("ALTER TABLE versions DROP COLUMN editor_file")
