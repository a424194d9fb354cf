"""No index names a column that changes, so a job's changes stay within its page of the table.

A partial index on the status made each change of a job write every index of the table again, and
so for attempts. The table `unfinished_jobs` takes its place: the leader loads these jobs. A trigger
keeps it, because a leader of the release before writes jobs until a new one takes over.
Lists by workflow or label get indexes of their own.

Jobs are read all the time but for the last two statements, which lock readers out for a moment. If
a long transaction does not let them, the migration fails instead of holding up all after it.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

UNFINISHED = "IN ('queued', 'running', 'canceling')"

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    "LOCK TABLE jobs, attempts IN SHARE ROW EXCLUSIVE MODE",
    "CREATE TABLE unfinished_jobs (id uuid PRIMARY KEY)",
    f"INSERT INTO unfinished_jobs SELECT id FROM jobs WHERE status {UNFINISHED}",  # noqa: S608  (of constants)
    f"""CREATE FUNCTION note_unfinished() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.status {UNFINISHED} THEN
                INSERT INTO unfinished_jobs VALUES (NEW.id) ON CONFLICT DO NOTHING;
            ELSE
                DELETE FROM unfinished_jobs WHERE id = NEW.id;
            END IF;
            RETURN NULL;
        END $$""",  # noqa: S608  (of constants)
    f"""CREATE TRIGGER new_job_unfinished AFTER INSERT ON jobs FOR EACH ROW
        WHEN (NEW.status {UNFINISHED}) EXECUTE FUNCTION note_unfinished()""",
    f"""CREATE TRIGGER changed_job_unfinished AFTER UPDATE ON jobs FOR EACH ROW
        WHEN ((OLD.status {UNFINISHED}) <> (NEW.status {UNFINISHED}))
        EXECUTE FUNCTION note_unfinished()""",
    """CREATE INDEX jobs_by_workflow
        ON jobs (split_part(workflow, '@', 1), created_at DESC, id DESC)""",
    "CREATE INDEX jobs_by_label ON jobs USING gin (labels)",
    "DROP INDEX jobs_unfinished",
    "DROP INDEX attempts_live",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
