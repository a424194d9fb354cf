"""Batches on a real Postgres: their rows, the counts of their jobs, and their retention."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from contracts.access import Actor, Priority
from contracts.scheduler.batches import ListBatches, job_ids
from contracts.scheduler.job_requests import NewJob
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.adapters import sql_retention
from scheduler.adapters.sql_batch_reader import SqlBatchReader
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.adapters.sql_retention import SqlRetention
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Batch, Job
from scheduler.ports import LedgerUncertainError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime.now(UTC) - timedelta(days=31)


def a_batch(count: int, created_at: datetime = NOW, owner_id: UUID | None = None) -> Effects:
    """Return a new batch with its jobs."""
    batch = Batch(
        id=new_id(),
        owner_id=owner_id or new_id(),
        created_at=created_at,
        job_count=count,
        workflow="solid@1",
        priority=Priority.BATCH,
        labels={"project": "\\u0000 poster"},
        deadline=NOW + timedelta(days=1),
    )
    jobs = [
        Job(
            NewJob(job_id=job_id, workflow="solid@1", version_hash="h", batch_id=batch.id),
            batch.owner_id,
            created_at,
        )
        for job_id in job_ids(batch.id, count)
    ]
    return Effects(new_jobs={job.id: job for job in jobs}, batches={batch.id: batch})


def parts(effects: Effects) -> tuple[Batch, list[Job]]:
    [batch] = effects.batches.values()
    return batch, list(effects.new_jobs.values())


async def test_a_batch_is_read_back_as_it_was_committed(ledger: SqlLedger) -> None:
    effects = a_batch(2)
    batch, jobs = parts(effects)
    await ledger.commit(effects)

    assert (await ledger.look_up([], [], [batch.id, new_id()])).batches == {batch.id: batch}
    assert list((await ledger.load()).jobs) == [job.id for job in jobs]


async def test_one_row_that_cannot_be_written_leaves_nothing_of_a_batch(
    ledger: SqlLedger,
) -> None:
    known, effects = a_batch(1), a_batch(3)
    await ledger.commit(known)
    batch, _ = parts(effects)
    effects.new_jobs |= known.new_jobs

    with pytest.raises(LedgerUncertainError):
        await ledger.commit(effects)

    assert not (await ledger.look_up([], [], [batch.id])).batches
    assert (await ledger.load()).jobs.keys() == known.new_jobs.keys()


async def test_a_batch_counts_its_jobs_by_status(pool: asyncpg.Pool, ledger: SqlLedger) -> None:
    effects, reader = a_batch(4), SqlBatchReader(pool)
    batch, [first, second, third, _] = parts(effects)
    await ledger.commit(effects)
    first.status, first.started_at = JobStatus.RUNNING, NOW + timedelta(seconds=1)
    second.status, second.started_at = JobStatus.COMPLETED, NOW + timedelta(seconds=2)
    third.status, third.finished_at = JobStatus.CANCELED, NOW + timedelta(seconds=3)
    changed = (first, second, third)
    await ledger.commit(Effects(changed_jobs={job.id: job for job in changed}))

    view = await reader.find(batch.id, batch.owner_id)

    assert view is not None
    counts = {status: count for status, count in view.job_count_by_status.items() if count}
    assert counts == {"queued": 1, "running": 1, "completed": 1, "canceled": 1}
    assert len(view.job_count_by_status) == len(JobStatus)
    assert (view.fraction, view.started_at, view.finished_at) == (0.5, first.started_at, None)
    assert (view.labels, view.deadline) == (batch.labels, batch.deadline)
    assert await reader.find(batch.id, new_id()) is None
    assert await reader.find(batch.id, None) == view


async def test_a_batch_has_finished_when_its_last_job_has(
    pool: asyncpg.Pool, ledger: SqlLedger
) -> None:
    effects = a_batch(3)
    batch, jobs = parts(effects)
    for number, job in enumerate(jobs):
        job.status, job.finished_at = JobStatus.EXPIRED, NOW + timedelta(seconds=number)
    await ledger.commit(effects)
    await pool.execute("DELETE FROM jobs WHERE id = $1", jobs[0].id)

    view = await SqlBatchReader(pool).find(batch.id, None)

    assert view is not None
    assert (view.finished_at, view.fraction) == (jobs[2].finished_at, 1.0)
    assert (view.job_count, view.job_count_by_status[JobStatus.EXPIRED]) == (3, 2)


async def test_batches_are_listed_newest_first_in_pages(
    pool: asyncpg.Pool, ledger: SqlLedger
) -> None:
    owner_id = new_id()
    made = [a_batch(n + 1, NOW + timedelta(seconds=n), owner_id) for n in range(3)]
    for effects in (*made, a_batch(1)):
        await ledger.commit(effects)
    ids = [parts(effects)[0].id for effects in made]
    reader, query = SqlBatchReader(pool), ListBatches(actor=Actor(user_id=owner_id), limit=2)

    page, end = await reader.page(query, owner_id, None)
    rest, last = await reader.page(query, owner_id, end)

    assert [view.id for view in page] == [ids[2], ids[1]]
    assert ([view.id for view in rest], last) == ([ids[0]], None)
    assert [view.job_count_by_status[JobStatus.QUEUED] for view in page] == [3, 2]
    everyone, _ = await reader.page(query.model_copy(update={"limit": 50}), None, None)
    assert len(everyone) == 4


async def test_old_batches_go_after_the_last_of_their_jobs(
    pool: asyncpg.Pool, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_retention, "ROWS_AT_ONCE", 2)
    old, waiting, fresh = a_batch(1, LONG_AGO), a_batch(2, LONG_AGO), a_batch(1, datetime.now(UTC))
    gone = [a_batch(1, LONG_AGO) for _ in range(5)]
    for effects in (old, waiting, fresh, *gone):
        await ledger.commit(effects)
    lost = [job_id for effects in (fresh, *gone) for job_id in effects.new_jobs]
    await pool.execute("DELETE FROM jobs WHERE id = ANY($1)", lost)
    await pool.execute("UPDATE jobs SET status = 'failed' WHERE id = ANY($1)", list(old.new_jobs))

    await SqlRetention(pool, 0).delete_old_batches()
    assert await pool.fetchval("SELECT count(*) FROM batches") == 8, "0 days are for ever"
    await SqlRetention(pool, 30).delete_old_batches()

    left = {row["id"] for row in await pool.fetch("SELECT id FROM batches")}
    assert left == {parts(effects)[0].id for effects in (old, waiting, fresh)}
