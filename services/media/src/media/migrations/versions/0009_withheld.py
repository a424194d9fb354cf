"""Media know the results that may hold a prompt and graph which their owner must not see."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE media ADD is_withheld boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE media DROP is_withheld")
