"""Idempotency keys for all that media makes."""

from alembic import op

revision = "0004"
down_revision = "0003"

SCHEMA = """
ALTER TABLE idempotency DROP CONSTRAINT idempotency_media_id_fkey;
ALTER TABLE idempotency RENAME media_id TO made_id;
DROP INDEX idempotency_of_media;
COMMENT ON COLUMN idempotency.made_id IS 'A medium, an upload or a link; it may be gone.';
"""


def upgrade() -> None:
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            op.execute(statement)
