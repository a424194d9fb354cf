"""Whether waiting jobs get nodes."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("""CREATE TABLE dispatch (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        version integer NOT NULL,
        paused_by uuid,
        paused_at timestamptz,
        reason text
    )""")
    op.execute("INSERT INTO dispatch (version) VALUES (0)")


def downgrade() -> None:
    op.execute("DROP TABLE dispatch")
