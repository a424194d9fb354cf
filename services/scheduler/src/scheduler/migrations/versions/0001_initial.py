"""Jobs, attempts, nodes, idempotency keys, the outbox, and the leader's row.

Columns of type `json` hold what only the scheduler reads; unlike `jsonb` it keeps every text
that JSON can say, also `\\u0000`, so no input can make a commit fail.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE jobs (
        id uuid PRIMARY KEY,
        owner_id uuid NOT NULL,
        status text NOT NULL,
        version integer NOT NULL,
        attempts integer NOT NULL,
        workflow text NOT NULL,
        labels jsonb NOT NULL,
        batch_id uuid,
        created_at timestamptz NOT NULL,
        started_at timestamptz,
        finished_at timestamptz,
        spec json NOT NULL,
        trace json NOT NULL,
        retry json NOT NULL,
        result json
    ) WITH (fillfactor = 80)""",
    "CREATE INDEX jobs_by_owner ON jobs (owner_id, created_at DESC, id DESC)",
    "CREATE INDEX jobs_by_time ON jobs (created_at DESC, id DESC)",
    """CREATE INDEX jobs_unfinished ON jobs (id)
        WHERE status IN ('queued', 'running', 'canceling')""",
    "CREATE INDEX jobs_by_batch ON jobs (batch_id) WHERE batch_id IS NOT NULL",
    """CREATE TABLE attempts (
        id uuid PRIMARY KEY,
        job_id uuid NOT NULL,
        node_id uuid NOT NULL,
        number integer NOT NULL,
        version_hash text NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        outcome text,
        cause text,
        executed_seconds double precision
    ) WITH (fillfactor = 80)""",
    "CREATE INDEX attempts_by_job ON attempts (job_id)",
    "CREATE INDEX attempts_live ON attempts (id) WHERE ended_at IS NULL",
    """CREATE TABLE nodes (
        id uuid PRIMARY KEY,
        spec json NOT NULL,
        created_at timestamptz NOT NULL,
        version integer NOT NULL,
        standing text NOT NULL,
        agent_id uuid,
        claim integer NOT NULL,
        health json NOT NULL
    )""",
    """CREATE TABLE node_abilities (
        node_id uuid PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
        body json NOT NULL
    )""",
    """CREATE TABLE idempotency (
        owner_id uuid NOT NULL,
        operation text NOT NULL,
        key text NOT NULL,
        body_digest text NOT NULL,
        created_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (owner_id, operation, key)
    )""",
    "CREATE INDEX idempotency_by_time ON idempotency (created_at)",
    """CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        messages jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )""",
    """CREATE TABLE leader (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        epoch integer NOT NULL,
        beat_at timestamptz NOT NULL
    ) WITH (fillfactor = 10)""",
    "INSERT INTO leader (epoch, beat_at) VALUES (0, '-infinity')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("leader", "outbox", "idempotency", "node_abilities", "nodes", "attempts", "jobs"):
        op.execute(f"DROP TABLE {table}")
