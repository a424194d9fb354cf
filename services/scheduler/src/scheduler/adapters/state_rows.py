"""Reads back the state at the start of a term."""

# asyncpg's functions are only partly typed.
# pyright: reportUnknownMemberType=false

from typing import Any

from scheduler.adapters.job_rows import read_job
from scheduler.adapters.node_rows import SELECT_NODES, read_node
from scheduler.domain.jobs import Attempt
from scheduler.domain.state import Limits, State

SELECT_UNFINISHED = """SELECT * FROM jobs
    WHERE status IN ('queued', 'running', 'canceling') ORDER BY created_at, id"""

SELECT_LIVE = "SELECT * FROM attempts WHERE ended_at IS NULL"

SELECT_SECONDS = """SELECT version_hash, avg(executed_seconds) AS seconds FROM
    (SELECT version_hash, executed_seconds FROM attempts
     WHERE outcome = 'completed' AND executed_seconds IS NOT NULL ORDER BY id DESC LIMIT 5000)
    AS newest GROUP BY version_hash"""


async def read_state(connection: Any, limits: Limits) -> State:
    """Build the core's state; the next beats add phases and contacts, which are not stored."""
    state = State(limits=limits)
    for row in await connection.fetch(SELECT_NODES):
        node = read_node(row)
        state.nodes[node.id] = node
    for row in await connection.fetch(SELECT_UNFINISHED):
        state.add_job(read_job(row))
    for row in await connection.fetch(SELECT_LIVE):
        job, placed = state.jobs[row["job_id"]], (row["node_id"], row["number"], row["created_at"])
        state.add_attempt(Attempt(row["id"], job, *placed, is_inherited=True))
    for row in await connection.fetch(SELECT_SECONDS):
        state.mean_seconds[row["version_hash"]] = row["seconds"]
    return state
