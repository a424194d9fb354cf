"""Users whom administrators manage: without a password, with limits of their own, erased.

Nobody could set limits before: the stored ones are the defaults of their time.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER password_hash DROP NOT NULL")
    op.execute("UPDATE users SET limits = '{}'")
    op.execute("CREATE INDEX users_newest_first ON users (created_at DESC, id DESC)")
    op.execute("CREATE TABLE erased_users (id uuid PRIMARY KEY, erased_at timestamptz NOT NULL)")
    op.execute("ALTER TABLE audit ADD actor_id uuid")
    op.execute("""
        CREATE TABLE idempotency (
            owner_id uuid,
            operation text,
            key text,
            body_digest text NOT NULL,
            made_id text NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (owner_id, operation, key)
        )
    """)
    op.execute("CREATE INDEX idempotency_by_age ON idempotency (created_at)")


def downgrade() -> None:
    op.execute("DROP TABLE idempotency")
    op.execute("ALTER TABLE audit DROP actor_id")
    op.execute("DROP TABLE erased_users")
    op.execute("DROP INDEX users_newest_first")
    op.execute("UPDATE users SET limits = '{}'")
    op.execute("UPDATE users SET password_hash = '', is_blocked = true WHERE password_hash IS NULL")
    op.execute("ALTER TABLE users ALTER password_hash SET NOT NULL")
