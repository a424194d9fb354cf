"""Reads back the state at the start of a term."""

# asyncpg's functions are only partly typed.
# pyright: reportUnknownMemberType=false

from heapq import heapify
from typing import Any

import asyncpg

from contracts.scheduler.jobs import JobStatus
from scheduler.adapters.job_rows import read_job
from scheduler.adapters.node_rows import SELECT_NODES, read_node
from scheduler.domain.jobs import Attempt, Job
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
        add_job(state, read_job(row))
    for row in await connection.fetch(SELECT_LIVE):
        add_attempt(state, row)
    for row in await connection.fetch(SELECT_SECONDS):
        state.mean_seconds[row["version_hash"]] = row["seconds"]
    heapify(state.delayed)
    heapify(state.deadlines)
    return state


def add_job(state: State, job: Job) -> None:
    state.jobs[job.id] = job
    if job.request.deadline:
        state.deadlines.append((job.request.deadline, job.id))
    if job.status is not JobStatus.QUEUED:
        return
    state.queued_by_owner[job.owner_id] += 1
    if job.retry.not_before:
        state.delayed.append((job.retry.not_before, job.id))
    else:
        state.startable.add(job)


def add_attempt(state: State, row: asyncpg.Record) -> None:
    job, node = state.jobs[row["job_id"]], state.nodes[row["node_id"]]
    attempt = Attempt(row["id"], job, node.id, row["number"], row["created_at"], is_inherited=True)
    job.attempt = state.attempts[attempt.id] = node.attempts[attempt.id] = attempt
