"""Jobs that their owners deleted, as long as an agent could still record results of them."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""CREATE TABLE deleted_jobs (
        job_id uuid PRIMARY KEY,
        deleted_at timestamptz NOT NULL
    )""")


def downgrade() -> None:
    op.execute("DROP TABLE deleted_jobs")
