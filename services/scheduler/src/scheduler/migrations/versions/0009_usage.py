"""Daily sums of what jobs used, which outlive the jobs.

Jobs that ended before are not counted: nothing says how long their failed attempts executed.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = (
    """CREATE TABLE usage (
        day date NOT NULL,
        owner_id uuid NOT NULL,
        workflow text NOT NULL,
        node_id uuid NOT NULL,
        outcome text NOT NULL,
        job_count bigint NOT NULL,
        attempt_count bigint NOT NULL,
        unmeasured_count bigint NOT NULL,
        executed_seconds double precision NOT NULL,
        PRIMARY KEY (day, owner_id, workflow, node_id, outcome)
    ) WITH (fillfactor = 50)""",
    "CREATE INDEX usage_by_owner ON usage (owner_id, day)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
