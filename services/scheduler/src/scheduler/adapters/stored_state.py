"""Reads the leader's state back from its rows, in slices between which the process does other work.

No transaction encloses the slices: while rows are parsed it would idle, and Postgres ends a
leader's transaction that idles. It is not needed either. Only the leader changes these rows, and a
commit after the load shows that the same process led from the first slice to the last.
"""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from time import monotonic

import asyncpg

from contracts.scheduler.jobs import JobStatus
from scheduler.adapters import job_rows, node_rows
from scheduler.adapters.statements import readable
from scheduler.domain.claims import share_names
from scheduler.domain.jobs import Attempt
from scheduler.domain.nodes import NodeCapabilities
from scheduler.domain.state import Limits, State

ROWS_AT_ONCE = 200
"""A job may have hundreds of kilobytes, the capabilities of a node a few megabytes."""
NODES_AT_ONCE = 20
SLICE_SECONDS = 0.02
"""The loop renews the lead while rows are parsed, so parsing gives way this often."""

UNFINISHED = "SELECT id FROM jobs JOIN unfinished_jobs USING (id) ORDER BY created_at, id"
"""A trigger of the table of jobs keeps `unfinished_jobs`."""

SELECT_LIVE = "SELECT * FROM attempts WHERE job_id = ANY($1) AND ended_at IS NULL"

SELECT_SECONDS = """SELECT version_hash, avg(executed_seconds) AS seconds FROM
    (SELECT version_hash, executed_seconds FROM attempts
     WHERE outcome = 'completed' AND executed_seconds IS NOT NULL ORDER BY id DESC LIMIT 5000)
    AS newest GROUP BY version_hash"""


async def read_state(pool: asyncpg.Pool, limits: Limits, secret: str) -> State:
    """Build the core's state; the next beats add phases and contacts, which are not stored."""
    state = State(limits, secret)
    names: dict[str, NodeCapabilities] = {}
    async for row in slices(pool, node_rows.NODE_IDS, node_rows.SELECT_NODES, NODES_AT_ONCE):
        await add_names(pool, row["names_key"], names)
        read = partial(node_rows.read_node, names=names)
        node = readable(read, row) or node_rows.unreadable_node(row)
        share_names(state.nodes.values(), node)
        state.nodes[node.id] = node
    async for row in slices(pool, UNFINISHED, job_rows.SELECT_JOBS, ROWS_AT_ONCE):
        if job := readable(job_rows.read_job, row):
            state.add_job(job)
    placed = [job.id for job in state.jobs.values() if job.attempt_count]
    for row in await pool.fetch(SELECT_LIVE, placed):
        job, place = state.jobs.get(row["job_id"]), (row["node_id"], row["number"])
        if job and row["node_id"] in state.nodes:
            attempt = Attempt(row["id"], job, *place, row["created_at"], is_inherited=True)
            state.restore_attempt(attempt)
    begun = (job for job in state.jobs.values() if job.status is not JobStatus.QUEUED)
    state.adrift = [job for job in begun if job.attempt is None]
    for row in await pool.fetch(SELECT_SECONDS):
        state.mean_seconds[row["version_hash"]] = row["seconds"]
    return state


async def add_names(
    pool: asyncpg.Pool, key: str | None, names: dict[str, NodeCapabilities]
) -> None:
    """Read names that no node before had; equal servers share them."""
    if key is None or key in names:
        return
    for row in await pool.fetch(node_rows.SELECT_NAMES, key):
        if found := readable(node_rows.read_names, row):
            names[key] = found


async def slices(
    pool: asyncpg.Pool, ids: str, rows: str, at_once: int
) -> AsyncGenerator[asyncpg.Record, None]:
    """Yield the rows of all ids in order, and give way to other tasks."""
    found = [row["id"] for row in await pool.fetch(ids)]
    began = monotonic()
    for first in range(0, len(found), at_once):
        for row in await pool.fetch(rows, found[first : first + at_once]):
            yield row
            if monotonic() - began >= SLICE_SECONDS:
                await asyncio.sleep(0)
                began = monotonic()
