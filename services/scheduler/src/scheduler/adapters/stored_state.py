"""Reads the leader's state back from its rows, in slices between which the process does other work.

No transaction encloses the slices: while rows are parsed it would idle, and Postgres ends a
leader's transaction that idles. It is not needed either. Only the leader changes these rows, and a
commit after the load shows that the same process led from the first slice to the last.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg

from contracts.access import Priority
from contracts.scheduler.jobs import JobStatus
from scheduler.adapters import job_rows, node_rows
from scheduler.adapters.statements import readable
from scheduler.domain.claims import share_names
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import NodeCapabilities
from scheduler.domain.state import Dispatch, Limits, State
from scheduler.domain.unread import UnreadJobs

ROWS_AT_ONCE = 200
"""A job may have hundreds of kilobytes, the capabilities of a node a few megabytes."""
NODES_AT_ONCE = 20
SLICE_SECONDS = 0.02
"""The loop renews the lead while rows are parsed, so parsing gives way this often."""

READ_FIRST = 2_000
"""Waiting jobs that are read before the term begins: most queues whole, in about 0.1 s."""
WAITING_AT_ONCE = 50
MOST_BYTES = 4 * 1024**2
"""Reading of waiting jobs ends with the slice in which they exceed this, about 0.2 s later."""

HAS_NODE = """(status <> 'queued' OR attempts > 0 AND EXISTS
     (SELECT FROM attempts WHERE job_id = jobs.id AND ended_at IS NULL))"""
SELECT_PLACED = f"""SELECT id FROM jobs JOIN unfinished_jobs USING (id)
    WHERE {HAS_NODE} ORDER BY created_at, id"""  # noqa: S608  (of constants)
"""A trigger of the table of jobs keeps `unfinished_jobs`."""
SELECT_WAITING = f"""SELECT array_agg(id) AS ids, array_agg(owner_id) AS owners
    FROM (SELECT id, owner_id FROM jobs JOIN unfinished_jobs USING (id) WHERE NOT {HAS_NODE}
     ORDER BY array_position($1::text[], priority), created_at, id) AS waiting"""  # noqa: S608
"""Those that start first come first. Two arrays are read faster than 100 000 rows."""

SELECT_DISPATCH = "SELECT version, paused_by, paused_at, reason FROM dispatch"

SELECT_LIVE = "SELECT * FROM attempts WHERE job_id = ANY($1) AND ended_at IS NULL"

SELECT_SECONDS = """SELECT version_hash, avg(executed_seconds) AS seconds FROM
    (SELECT version_hash, executed_seconds FROM attempts
     WHERE outcome = 'completed' AND executed_seconds IS NOT NULL ORDER BY id DESC LIMIT 5000)
    AS newest GROUP BY version_hash"""


async def read_state(pool: asyncpg.Pool, limits: Limits, secret: str) -> State:
    """Build the core's state; the next beats add phases and contacts, which are not stored.

    The end of a long queue stays unread; the steps of the term read it.
    """
    [pause] = await pool.fetch(SELECT_DISPATCH)
    state = State(limits, secret, Dispatch(**pause))
    names: dict[str, NodeCapabilities] = {}
    node_ids = [row["id"] for row in await pool.fetch(node_rows.NODE_IDS)]
    async for row in slices(pool, node_ids, node_rows.SELECT_NODES, NODES_AT_ONCE):
        await add_names(pool, row["names_key"], names)
        read = partial(node_rows.read_node, names=names)
        node = readable(read, row) or node_rows.unreadable_node(row)
        share_names(state.nodes.values(), node)
        state.nodes[node.id] = node
    job_ids = [row["id"] for row in await pool.fetch(SELECT_PLACED)]
    async for row in slices(pool, job_ids, job_rows.SELECT_JOBS, ROWS_AT_ONCE):
        if job := readable(job_rows.read_job, row):
            state.add_job(job)
    await add_waiting(pool, state)
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


async def add_waiting(pool: asyncpg.Pool, state: State) -> None:
    """Read the first jobs that wait, and the ids and owners of the others."""
    [waiting] = await pool.fetch(SELECT_WAITING, [priority.value for priority in Priority])
    ids: list[UUID] = waiting["ids"] or []
    owners: list[UUID] = waiting["owners"] or []
    jobs, count = await read_waiting(pool, ids[:READ_FIRST])
    for job in jobs:
        state.add_job(job)
    state.unread = UnreadJobs(dict(zip(ids[count:], owners[count:], strict=True)))


async def read_waiting(source: Any, ids: Sequence[UUID]) -> tuple[list[Job], int]:
    """Read jobs until they have enough bytes; return them, and how many of the ids were read."""
    jobs, size, count = list[Job](), 0, 0
    while count < len(ids) and size < MOST_BYTES:
        some = ids[count : count + WAITING_AT_ONCE]
        async for row in slices(source, some, job_rows.SELECT_JOBS, WAITING_AT_ONCE):
            size += len(row["spec"])
            if job := readable(job_rows.read_job, row):
                jobs.append(job)
        count += len(some)
    return jobs, count


async def slices(
    source: Any, ids: Sequence[UUID], rows: str, at_once: int
) -> AsyncGenerator[asyncpg.Record, None]:
    """Yield the rows of all ids in order from a connection or a pool; give way to other tasks."""
    began = monotonic()
    for first in range(0, len(ids), at_once):
        for row in await source.fetch(rows, ids[first : first + at_once]):
            yield row
            if monotonic() - began >= SLICE_SECONDS:
                await asyncio.sleep(0)
                began = monotonic()
