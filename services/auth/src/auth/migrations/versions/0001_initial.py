"""Users, sessions, signing keys, audit log and outbox."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE users (
            id uuid PRIMARY KEY,
            email text NOT NULL UNIQUE,
            name text NOT NULL,
            role text NOT NULL,
            password_hash text NOT NULL,
            limits jsonb NOT NULL DEFAULT '{}',
            is_blocked boolean NOT NULL DEFAULT false,
            sessions_valid_from bigint NOT NULL DEFAULT 0,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("""
        CREATE TABLE sessions (
            id uuid PRIMARY KEY,
            user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
            began_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            digest bytea NOT NULL,
            used_digest bytea,
            used_by uuid
        )
    """)
    op.execute("CREATE INDEX sessions_of_user ON sessions (user_id, id)")
    op.execute("CREATE INDEX sessions_by_expiry ON sessions (expires_at)")
    op.execute("""
        CREATE TABLE signing_keys (
            id text PRIMARY KEY,
            jwk jsonb NOT NULL,
            sealed bytea NOT NULL,
            made_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE audit (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL,
            fact text NOT NULL,
            user_id uuid,
            detail text NOT NULL
        )
    """)
    op.execute("CREATE INDEX audit_by_time ON audit (at)")
    op.execute("CREATE INDEX audit_of_user ON audit (user_id, id)")
    op.execute("""
        CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            messages jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)


def downgrade() -> None:
    for table in ("outbox", "audit", "signing_keys", "sessions", "users"):
        op.execute(f"DROP TABLE {table}")
