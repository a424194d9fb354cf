"""Jobs that are over have an index by status, so that a list of the few that failed is short.

No index of the table of jobs can name the status, or each change of a job would write them all. So
the trigger that keeps `unfinished_jobs` notes each end in a table whose rows never change.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

UNFINISHED = "IN ('queued', 'running', 'canceling')"

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    "LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE",
    """CREATE TABLE ended_jobs (
        status text NOT NULL,
        created_at timestamptz NOT NULL,
        id uuid NOT NULL,
        owner_id uuid NOT NULL
    )""",
    f"""INSERT INTO ended_jobs SELECT status, created_at, id, owner_id FROM jobs
        WHERE status NOT {UNFINISHED}""",  # noqa: S608  (of constants)
    "ALTER TABLE ended_jobs ADD PRIMARY KEY (status, created_at, id)",
    "CREATE INDEX ended_jobs_by_owner ON ended_jobs (owner_id, status, created_at, id)",
    f"""CREATE OR REPLACE FUNCTION note_unfinished() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.status {UNFINISHED} THEN
                INSERT INTO unfinished_jobs VALUES (NEW.id) ON CONFLICT DO NOTHING;
            ELSE
                DELETE FROM unfinished_jobs WHERE id = NEW.id;
                INSERT INTO ended_jobs VALUES (NEW.status, NEW.created_at, NEW.id, NEW.owner_id)
                    ON CONFLICT DO NOTHING;
            END IF;
            RETURN NULL;
        END $$""",  # noqa: S608  (of constants)
    "DROP TRIGGER new_job_unfinished ON jobs",
    """CREATE TRIGGER new_job AFTER INSERT ON jobs FOR EACH ROW
        EXECUTE FUNCTION note_unfinished()""",
    """CREATE FUNCTION forget_ended() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM ended_jobs WHERE status = OLD.status
                AND created_at = OLD.created_at AND id = OLD.id;
            DELETE FROM unfinished_jobs WHERE id = OLD.id;
            RETURN NULL;
        END $$""",
    """CREATE TRIGGER job_deleted AFTER DELETE ON jobs FOR EACH ROW
        EXECUTE FUNCTION forget_ended()""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
