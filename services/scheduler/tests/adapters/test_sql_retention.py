"""Old rows are deleted in slices on a real Postgres, and no others."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from contracts.scheduler.job_requests import NewJob
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from runtime.testing.postgres import CLOCK_JUMPED_AHEAD
from scheduler.adapters import sql_retention
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.adapters.sql_retention import SqlRetention
from scheduler.domain.effects import Effects, KeyUse
from scheduler.domain.jobs import Attempt, Job

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=31)


def a_job(created_at: datetime, finished_at: datetime | None = None) -> Job:
    spec = NewJob(job_id=new_id(), workflow="solid@1", version_hash="h")
    job = Job(spec, new_id(), created_at)
    if finished_at:
        job.status, job.finished_at = JobStatus.COMPLETED, finished_at
    return job


async def test_jobs_that_ended_long_ago_go_with_their_attempts(
    pool: asyncpg.Pool, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_retention, "ROWS_AT_ONCE", 3)
    waiting = [a_job(LONG_AGO) for _ in range(5)]
    late = [a_job(LONG_AGO, NOW) for _ in range(5)]
    old = [a_job(LONG_AGO, LONG_AGO) for _ in range(10)]
    jobs = [*waiting, *late, *old, a_job(NOW, NOW)]
    attempts = [Attempt(new_id(), job, new_id(), 1, job.created_at) for job in (*late, *old)]
    await ledger.commit(
        Effects(
            new_jobs={job.id: job for job in jobs},
            attempts={attempt.id: attempt for attempt in attempts},
        )
    )

    assert await SqlRetention(pool, 0).delete_old_jobs() == 0, "0 days are for ever"
    assert await SqlRetention(pool, 30).delete_old_jobs() == len(old)

    left = {row["id"] for row in await pool.fetch("SELECT id FROM jobs")}
    assert left == {job.id for job in jobs} - {job.id for job in old}
    ended = {row["id"] for row in await pool.fetch("SELECT id FROM ended_jobs")}
    assert ended == {job.id for job in (*late, jobs[-1])}
    owners = {row["job_id"] for row in await pool.fetch("SELECT job_id FROM attempts")}
    assert owners == {job.id for job in late}


async def test_keys_older_than_a_day_go(
    pool: asyncpg.Pool, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_retention, "ROWS_AT_ONCE", 3)
    owner_id = new_id()
    uses = {(owner_id, "submit_job", f"k{n}"): KeyUse("digest", new_id()) for n in range(10)}
    await ledger.commit(Effects(keys=uses))
    await pool.execute(
        "UPDATE idempotency SET created_at = now() - interval '25 hours' WHERE key <> 'k0'"
    )

    await SqlRetention(pool, 30).delete_old_keys()

    assert await pool.fetch("SELECT key FROM idempotency") == [("k0",)]


async def test_a_clock_that_jumps_ahead_makes_nothing_old(
    pool: asyncpg.Pool, ledger: SqlLedger
) -> None:
    job, owner_id = a_job(LONG_AGO, LONG_AGO), new_id()
    key = {(owner_id, "submit_job", "k"): KeyUse("digest", new_id())}
    await ledger.commit(Effects(new_jobs={job.id: job}, keys=key))
    await pool.execute("UPDATE idempotency SET created_at = now() - interval '25 hours'")
    await pool.execute(CLOCK_JUMPED_AHEAD)
    retention = SqlRetention(pool, 30, 40)

    assert not await retention.delete_old_jobs()
    await retention.delete_old_keys()
    assert await pool.fetchval("SELECT count(*) FROM idempotency") == 1
