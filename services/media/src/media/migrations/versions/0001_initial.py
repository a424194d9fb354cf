"""Media, their contents, and uploads under way."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE blobs (
    owner_id uuid NOT NULL,
    blake3 text NOT NULL,
    key text NOT NULL UNIQUE,
    size_bytes bigint NOT NULL,
    is_verified boolean NOT NULL,
    used_at timestamptz NOT NULL,
    PRIMARY KEY (owner_id, blake3)
);
COMMENT ON COLUMN blobs.is_verified IS
    'The digest was computed by media; an agent''s word is replaced by the first upload of the same.';

CREATE TABLE attempts (
    attempt_id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    job_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE TABLE media (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    blake3 text NOT NULL,
    kind text NOT NULL,
    content_type text NOT NULL,
    filename text,
    width integer,
    height integer,
    created_at timestamptz NOT NULL,
    job_id uuid,
    attempt_id uuid REFERENCES attempts,
    n integer,
    output text,
    output_index integer,
    FOREIGN KEY (owner_id, blake3) REFERENCES blobs (owner_id, blake3),
    UNIQUE (attempt_id, n)
);
CREATE INDEX media_of_blob ON media (owner_id, blake3);

CREATE TABLE uploads (
    media_id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamptz NOT NULL,
    refusal jsonb
);
CREATE INDEX uploads_of_owner ON uploads (owner_id, created_at);

CREATE TABLE idempotency (
    owner_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    body_digest text NOT NULL,
    media_id uuid NOT NULL REFERENCES media,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (owner_id, operation, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
"""


def upgrade() -> None:
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            op.execute(statement)
