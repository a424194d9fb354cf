"""Video and sound: how long, and a picture of what was only kept before."""

from alembic import op

revision = "0003"
down_revision = "0002"

SCHEMA = """
ALTER TABLE blobs
    ADD width integer,
    ADD height integer,
    ADD duration_seconds double precision,
    ADD frames_per_second double precision;
COMMENT ON COLUMN blobs.width IS 'As it was looked into; a medium may know its own before.';

UPDATE blobs SET prepared_at = NULL, tries = 0, try_at = '-infinity'
WHERE problem IS NULL AND EXISTS (
    SELECT FROM media
    WHERE media.owner_id = blobs.owner_id AND media.blake3 = blobs.blake3
        AND (content_type LIKE 'video/%' OR content_type LIKE 'audio/%')
);
"""


def upgrade() -> None:
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            op.execute(statement)
