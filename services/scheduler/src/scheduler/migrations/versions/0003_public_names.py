"""Stored jobs and nodes take the names that the fields have in messages and in the API.

Only jobs that are not over are read back as they were submitted; text stays as it is, since
`json` keeps what `jsonb` refuses.
"""

import json

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"

LIVE_JOBS = "SELECT id, spec::text FROM jobs WHERE status IN ('queued', 'running', 'canceling')"
NODES = "SELECT id, spec::text FROM nodes"


def upgrade() -> None:
    rewrite("jobs", "id", "spec", LIVE_JOBS, renamed_job)
    rewrite("nodes", "id", "spec", NODES, lambda spec: renamed(spec, enabled="is_enabled"))


def rewrite(table, key, column, query, change) -> None:
    connection = op.get_bind()
    update = text(f"UPDATE {table} SET {column} = CAST(:body AS json) WHERE {key} = :key")
    for id_, body in connection.execute(text(query)).all():
        connection.execute(update, {"key": id_, "body": json.dumps(change(json.loads(body)))})


def renamed(value, **names):
    return {names.get(name, name): item for name, item in value.items()}


def renamed_job(spec):
    spec = renamed(spec, needs="requirements")
    requirements = renamed(spec.get("requirements") or {}, unfit="incompatible")
    groups = [renamed(group, missing="unmet") for group in requirements.get("incompatible", ())]
    for group in groups:
        group["unmet"] = [renamed(entry, what="name") for entry in group["unmet"]]
    return {**spec, "requirements": {**requirements, "incompatible": groups}}
