"""Rows of a real Postgres: changes stay within their page, and no list reads the whole table."""

import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from contracts.access import Actor
from contracts.agent import Cause
from contracts.scheduler.job_requests import ListJobs, NewJob
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from runtime import clock
from runtime.bus.client import Bus
from runtime.outbox.relay import Relay
from runtime.process.settings import DatabaseSettings
from runtime.testing.postgres import PostgresServer
from scheduler.adapters.sql_job_reader import PAGE, conditions_of
from scheduler.adapters.sql_leadership import SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.state import Limits

OWNER, BATCH = UUID(int=1), UUID(int=2)
FILL = """INSERT INTO jobs (id, owner_id, status, version, attempts, workflow, labels, batch_id,
        created_at, spec, trace, retry)
    SELECT gen_random_uuid(), gen_random_uuid(), 'completed', 3, 1, 'common@1', '{"a": "b"}', NULL,
        now() - make_interval(secs => n), '{}', '{}', '{}' FROM generate_series(1, 20000) AS n"""
RARE = """INSERT INTO jobs (id, owner_id, status, version, attempts, workflow, labels, batch_id,
        created_at, spec, trace, retry)
    VALUES (gen_random_uuid(), $1, 'failed', 3, 1, 'rare@1', '{"a": "rare", "r": "1"}', $2,
        now() - interval '1 day', '{}', '{}', '{}')"""


@pytest.fixture
async def pool(postgres: PostgresServer) -> AsyncGenerator[asyncpg.Pool, None]:
    url = await postgres.database_for("scheduler")
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(url))) as opened:
        yield opened


async def a_ledger(pool: asyncpg.Pool) -> SqlLedger:
    epoch = await SqlLeadership(pool).acquire(None)
    assert epoch is not None
    return SqlLedger(pool, Relay(pool.acquire, Bus("scheduler")), epoch, Limits())


async def test_a_change_of_a_job_or_an_attempt_writes_no_index(pool: asyncpg.Pool) -> None:
    ledger = await a_ledger(pool)
    spec = NewJob(job_id=new_id(), workflow="solid@1", version_hash="h", batch_id=BATCH)
    job = Job(spec, OWNER, clock.now())
    attempt = Attempt(new_id(), job, new_id(), 1, clock.now())
    await ledger.commit(Effects(new_jobs={job.id: job}, attempts={attempt.id: attempt}))
    assert list((await ledger.load()).jobs) == [job.id]
    job.status, job.version, job.started_at = JobStatus.RUNNING, 2, clock.now()
    await ledger.commit(Effects(changed_jobs={job.id: job}))
    job.status, job.version, job.finished_at = JobStatus.FAILED, 3, clock.now()
    attempt.ended_at, attempt.outcome, attempt.cause = clock.now(), "failed", Cause.WORKFLOW
    await ledger.commit(Effects(changed_jobs={job.id: job}, attempts={attempt.id: attempt}))

    assert (await ledger.load()).jobs == {}
    assert await pool.fetchval("SELECT count(*) FROM unfinished_jobs") == 0
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        changes = await connection.fetch(
            """SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
            WHERE relname IN ('jobs', 'attempts') ORDER BY relname"""
        )
    assert [tuple(row) for row in changes] == [("attempts", 1, 1), ("jobs", 2, 2)]


WANTED: Sequence[dict[str, Any]] = (
    {"owner_id": OWNER},
    {"workflow": "rare"},
    {"workflow": "rare@1"},
    {"label": "r"},
    {"label": "a=rare"},
    {"batch_id": BATCH},
    {"status": [JobStatus.QUEUED, JobStatus.RUNNING]},
    {"status": [JobStatus.FAILED]},
    {"status": [JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.RUNNING]},
    {"status": [JobStatus.COMPLETED], "owner_id": OWNER},
    {"status": list(JobStatus)},
)


async def test_no_list_reads_jobs_that_it_does_not_show(pool: asyncpg.Pool) -> None:
    await pool.execute(FILL, timeout=60)
    await pool.execute(RARE, OWNER, BATCH)
    await pool.execute("ANALYZE", timeout=60)
    read = dict[str, float]()
    for wanted in WANTED:
        query = ListJobs(actor=Actor(user_id=OWNER), **wanted)
        conditions, values = conditions_of(query, query.owner_id, None)
        statement = PAGE.format(conditions=conditions, limit=query.limit + 1)
        plan = await pool.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
        read[str(wanted)] = rows_read(json.loads(plan)[0]["Plan"])

    assert {wanted: rows for wanted, rows in read.items() if rows >= 300} == {}


def rows_read(plan: dict[str, Any]) -> float:
    """Return how many rows the plan read of jobs, and of those that are over."""
    own = 0.0
    if plan.get("Relation Name") in {"jobs", "ended_jobs"}:
        dropped = plan.get("Rows Removed by Filter", 0)
        dropped += plan.get("Rows Removed by Index Recheck", 0)
        own = (plan["Actual Rows"] + dropped) * plan["Actual Loops"]
    return own + sum(map(rows_read, plan.get("Plans", ())))
