"""Webhooks, deliveries, idempotency keys, outbox and retention clock."""

from alembic import op

from runtime.postgres.migrations import create_outbox_refused, create_retention_clock

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    url text NOT NULL,
    host text NOT NULL,
    event_types text[] NOT NULL,
    description text NOT NULL,
    sealed_secret bytea,
    is_of_job boolean NOT NULL DEFAULT false,
    is_enabled boolean NOT NULL DEFAULT true,
    disabled_reason text,
    disabled_at timestamptz,
    failing_since timestamptz,
    created_at timestamptz NOT NULL,
    appeared_at timestamptz,
    ended_at timestamptz,
    version bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN webhooks.is_of_job IS 'The id is that of the job; the secret is its owner''s.';
COMMENT ON COLUMN webhooks.appeared_at IS 'Of a job: when its first event arrived.';
CREATE INDEX webhooks_of_owner ON webhooks (owner_id, created_at, id) WHERE NOT is_of_job;
CREATE INDEX webhooks_of_jobs ON webhooks (owner_id) WHERE is_of_job AND appeared_at IS NULL;
CREATE INDEX webhooks_of_jobs_by_age ON webhooks (created_at) WHERE is_of_job;

CREATE TABLE deliveries (
    id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    owner_id uuid NOT NULL,
    event_type text NOT NULL,
    event_id text NOT NULL,
    body text NOT NULL,
    status text NOT NULL,
    attempt_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    began_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    attempted_at timestamptz,
    response_status integer,
    response_text text,
    duration_seconds double precision,
    error text
);
COMMENT ON COLUMN deliveries.began_at IS 'First attempt since it was recorded or replayed.';
COMMENT ON COLUMN deliveries.tries IS 'Attempts since then.';
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'waiting';
CREATE INDEX deliveries_waiting ON deliveries (owner_id) WHERE status = 'waiting';
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, created_at, id);
CREATE INDEX deliveries_of_owner ON deliveries (owner_id, created_at);
CREATE INDEX deliveries_by_age ON deliveries (created_at);

CREATE TABLE idempotency (
    owner_id uuid NOT NULL,
    key text NOT NULL,
    body_digest text NOT NULL,
    made_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (owner_id, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    messages jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            op.execute(statement)
    create_outbox_refused()
    create_retention_clock()


def downgrade() -> None:
    for table in (
        "retention_clock", "outbox_refused", "outbox", "idempotency", "deliveries", "webhooks",
    ):
        op.execute(f"DROP TABLE {table}")
