"""Rows that this release cannot read: another release wrote them, or somebody damaged them."""

import asyncpg

from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.nodes import ClaimStatus, Node

from .test_sql_ledger import NOW, a_job, a_ledger, a_node, database_url, pool

__all__ = ["database_url", "pool"]


def running_on(node: Node) -> tuple[Job, Attempt]:
    job = a_job()
    job.status, job.version, job.attempt_count = JobStatus.RUNNING, 2, 1
    return job, Attempt(new_id(), job, node.id, 1, NOW)


async def test_an_unreadable_row_stops_nothing_else_and_its_node_is_lost(
    pool: asyncpg.Pool,
) -> None:
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

    assert state.jobs.keys() == {waiting.id, runs[0].id, ghost[0].id}
    lost = state.nodes[broken.id]
    assert [node.is_readable for node in (state.nodes[good.id], lost)] == [True, False]
    assert (lost.settings, lost.claim_status) == (broken.settings, ClaimStatus.LOST)
    assert (lost.agent_id, lost.claim) == (broken.agent_id, broken.claim)
    assert state.attempts.keys() == {runs[1].id, ghost[1].id}
    assert not (await ledger.look_up([unknown.id], [], [])).jobs


async def test_a_row_of_which_nothing_can_be_read_is_a_node_that_can_be_removed(
    pool: asyncpg.Pool,
) -> None:
    ledger, broken, gone = await a_ledger(pool), a_node(), a_node()
    job, attempt = running_on(gone)
    await ledger.commit(
        Effects(new_jobs={job.id: job}, attempts={attempt.id: attempt}, nodes={broken.id: broken})
    )
    for spec in ("[]", "{}", '{"name": 1, "base_url": 2}', '{"name": "a", "base_url": "http://["}'):
        values = spec, broken.id
        await pool.execute("UPDATE nodes SET spec = $1, claim_status = '' WHERE id = $2", *values)
        state = await ledger.load()
        assert state.nodes[broken.id].settings.name == str(broken.id), spec
        assert [job.id for job in state.adrift] == [job.id], "its node has no row at all"
    await ledger.commit(Effects(removed_nodes={broken.id}))

    assert not (await ledger.load()).nodes
