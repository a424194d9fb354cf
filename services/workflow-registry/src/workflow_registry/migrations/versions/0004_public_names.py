"""Stored workflows take the names that the fields have in messages and in the API.

Whether a workflow can run is worked out anew, so those fields only go.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        UPDATE workflows
        SET about = about - 'runnable' - 'missing' - 'facts'
            || jsonb_build_object('event_version', coalesce(about -> 'facts', '0'))
    """)


def downgrade() -> None:
    op.execute("""
        UPDATE workflows
        SET about = about - 'event_version' || jsonb_build_object('facts', about -> 'event_version')
    """)
