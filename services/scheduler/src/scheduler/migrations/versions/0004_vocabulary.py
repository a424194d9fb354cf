"""A node has a claim status and capabilities, under these names in rows too."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE nodes RENAME standing TO claim_status")
    op.execute("ALTER TABLE node_abilities RENAME TO node_capabilities")
    op.execute("""UPDATE node_capabilities SET body =
        regexp_replace(body::text, '"comfyui_version":', '"engine_version":')::json""")
