"""The time a refresh token was used, and ended sessions, whose access tokens are refused."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE sessions ADD used_at timestamptz, ADD ended_at timestamptz")
    op.execute("CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL")


def downgrade() -> None:
    op.execute("DELETE FROM sessions WHERE ended_at IS NOT NULL")
    op.execute("ALTER TABLE sessions DROP used_at, DROP ended_at")
