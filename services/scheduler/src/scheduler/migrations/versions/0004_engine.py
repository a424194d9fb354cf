"""A node names the engine that runs there; nodes from before run ComfyUI."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE nodes ADD COLUMN engine text NOT NULL DEFAULT 'comfyui'")


def downgrade() -> None:
    op.execute("ALTER TABLE nodes DROP COLUMN engine")
