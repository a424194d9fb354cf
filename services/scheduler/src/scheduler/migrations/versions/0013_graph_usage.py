"""Sums of usage have one name for all raw graphs, whose references differ with each seed."""

from alembic import op

revision = "0013"
down_revision = "0012"

FOLD = """WITH folded AS (DELETE FROM usage WHERE workflow ~ '^graph@[0-9a-f]{64}$' RETURNING *)
    INSERT INTO usage (day, owner_id, workflow, node_id, outcome, job_count, attempt_count,
        unmeasured_count, executed_seconds, load_count, load_seconds)
    SELECT day, owner_id, 'graph', node_id, outcome, sum(job_count), sum(attempt_count),
        sum(unmeasured_count), sum(executed_seconds), sum(load_count), sum(load_seconds)
    FROM folded GROUP BY day, owner_id, node_id, outcome"""


def upgrade() -> None:
    op.execute(FOLD)
