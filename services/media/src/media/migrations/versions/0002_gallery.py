"""The gallery: what media show of themselves, thumbnails, links, and objects to delete."""

from alembic import op

revision = "0002"
down_revision = "0001"

SCHEMA = """
ALTER TABLE media
    ADD workflow text,
    ADD labels jsonb NOT NULL DEFAULT '{}',
    ADD is_favourite boolean NOT NULL DEFAULT false,
    ADD expires_at timestamptz;
CREATE INDEX media_of_owner ON media (owner_id, created_at DESC, id DESC);
CREATE INDEX media_by_age ON media (created_at);
CREATE INDEX media_by_expiry ON media (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX media_of_job ON media (job_id) WHERE job_id IS NOT NULL;

ALTER TABLE blobs
    ADD prepared_at timestamptz,
    ADD problem text,
    ADD frames integer,
    ADD placeholder text,
    ADD tries integer NOT NULL DEFAULT 0,
    ADD try_at timestamptz NOT NULL DEFAULT '-infinity';
COMMENT ON COLUMN blobs.prepared_at IS
    'When it was looked into and its thumbnails made; `problem` says why they could not be.';
CREATE INDEX blobs_to_prepare ON blobs (try_at) WHERE prepared_at IS NULL;

CREATE TABLE renditions (
    owner_id uuid NOT NULL,
    blake3 text NOT NULL,
    width integer NOT NULL,
    key text NOT NULL UNIQUE,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (owner_id, blake3, width),
    FOREIGN KEY (owner_id, blake3) REFERENCES blobs ON DELETE CASCADE
);

CREATE TABLE links (
    id uuid PRIMARY KEY,
    media_id uuid NOT NULL REFERENCES media ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX links_of_media ON links (media_id);
CREATE INDEX links_by_expiry ON links (expires_at);

CREATE TABLE doomed (
    key text PRIMARY KEY,
    since timestamptz NOT NULL
);
COMMENT ON TABLE doomed IS 'Objects of deleted media that the store has still to delete.';

ALTER TABLE idempotency
    DROP CONSTRAINT idempotency_media_id_fkey,
    ADD FOREIGN KEY (media_id) REFERENCES media ON DELETE CASCADE;
CREATE INDEX idempotency_of_media ON idempotency (media_id);
"""


def upgrade() -> None:
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            op.execute(statement)
