"""Rows that this release cannot read: another release wrote them, or somebody damaged them."""

import asyncpg

from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import Node

from .test_sql_ledger import NOW, a_job, a_ledger, a_node, database_url, pool

__all__ = ["database_url", "pool"]


def running_on(node: Node) -> tuple[Job, Attempt]:
    job = a_job()
    job.status, job.version, job.attempt_count = JobStatus.RUNNING, 2, 1
    return job, Attempt(new_id(), job, node.id, 1, NOW)


async def test_an_unreadable_row_is_left_out_and_stops_nothing_else(pool: asyncpg.Pool) -> None:
    ledger, good, broken = await a_ledger(pool), a_node(), a_node()
    waiting, unknown = a_job(), a_job()
    runs, ghost = running_on(good), running_on(broken)
    jobs = (waiting, unknown, runs[0], ghost[0])
    await ledger.commit(
        Effects(
            new_jobs={job.id: job for job in jobs},
            attempts={attempt.id: attempt for _, attempt in (runs, ghost)},
            nodes={node.id: node for node in (good, broken)},
        )
    )
    await pool.execute("UPDATE jobs SET spec = '{}' WHERE id = $1", unknown.id)
    await pool.execute("UPDATE nodes SET claim_status = 'new' WHERE id = $1", broken.id)

    state = await ledger.load()

    assert (state.nodes.keys(), state.jobs.keys()) == ({good.id}, {waiting.id, runs[0].id})
    assert state.unreadable_nodes == {broken.id}
    assert state.attempts.keys() == {runs[1].id}
    assert not (await ledger.look_up([unknown.id], [])).jobs
