"""A table of batches; all that changes about a batch is counted from its jobs."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    """CREATE TABLE batches (
        id uuid PRIMARY KEY,
        owner_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        job_count integer NOT NULL,
        workflow text NOT NULL,
        priority text NOT NULL,
        labels json NOT NULL,
        deadline timestamptz
    )""",
    "CREATE INDEX batches_by_owner ON batches (owner_id, created_at DESC, id DESC)",
    "CREATE INDEX batches_by_time ON batches (created_at DESC, id DESC)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
