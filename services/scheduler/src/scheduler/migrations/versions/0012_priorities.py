"""A new leader reads the queue in the order of priorities, so they get a column.

Jobs that wait now have none there, and are read last: a few seconds late, once.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE jobs ADD COLUMN priority text")
