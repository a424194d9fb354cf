"""A raw graph has owners, each with a row, so that a share of the bytes bounds each of them.

Graphs that are stored already, and those that the release before stores until it is gone, have
the owner zero.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

NOBODY = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    op.execute(f"ALTER TABLE graphs ADD COLUMN owner_id uuid NOT NULL DEFAULT '{NOBODY}'")
    op.execute("ALTER TABLE graphs DROP CONSTRAINT graphs_pkey, ADD PRIMARY KEY (hash, owner_id)")
    op.execute("CREATE INDEX graphs_by_owner ON graphs (owner_id) INCLUDE (size_bytes)")


def downgrade() -> None:
    op.execute("""DELETE FROM graphs WHERE (hash, owner_id) NOT IN
        (SELECT DISTINCT ON (hash) hash, owner_id FROM graphs ORDER BY hash, used_at DESC)""")
    op.execute("ALTER TABLE graphs DROP COLUMN owner_id, ADD PRIMARY KEY (hash)")
