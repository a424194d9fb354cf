"""No index names a column that changes, so a job's changes stay within its page of the table.

A partial index on the status made each change of a job write every index of the table again, and
so for attempts. The table `unfinished_jobs` takes its place: the leader loads these jobs.
Lists by workflow or label get indexes of their own.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "CREATE TABLE unfinished_jobs (id uuid PRIMARY KEY)",
    """INSERT INTO unfinished_jobs SELECT id FROM jobs
        WHERE status IN ('queued', 'running', 'canceling')""",
    "DROP INDEX jobs_unfinished",
    "DROP INDEX attempts_live",
    """CREATE INDEX jobs_by_workflow
        ON jobs (split_part(workflow, '@', 1), created_at DESC, id DESC)""",
    "CREATE INDEX jobs_by_label ON jobs USING gin (labels)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
