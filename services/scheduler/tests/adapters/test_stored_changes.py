"""Changes of accepted jobs on a real Postgres."""

from datetime import UTC, datetime
from typing import Any, ClassVar

import asyncpg

from contracts.access import Actor, Priority
from contracts.scheduler.job_requests import ListJobs, NewJob
from contracts.scheduler.jobs import JobStatus
from contracts.values import new_id
from scheduler.adapters.sql_job_reader import SqlJobReader
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.effects import Effects, KeyUse
from scheduler.domain.jobs import Attempt, Job

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_job(workflow: str = "solid@1", status: JobStatus = JobStatus.QUEUED) -> Job:
    labels, version_hash = {"a": "b"}, workflow.partition("@")[2]
    request = NewJob(job_id=new_id(), workflow=workflow, version_hash=version_hash, labels=labels)
    return Job(request, new_id(), NOW, status=status)


async def test_priority_and_labels_outlive_the_leader_and_are_found_by(
    pool: asyncpg.Pool, ledger: SqlLedger
) -> None:
    job, other = a_job(), a_job()
    await ledger.commit(Effects(new_jobs={job.id: job, other.id: other}))
    changes = {"priority": Priority.BACKGROUND, "labels": {"a": "c"}}
    job.request = job.request.model_copy(update=changes)
    submitted = await pool.fetchval("SELECT spec::text FROM jobs WHERE id = $1", job.id)
    await ledger.commit(Effects(changed_jobs={job.id: job}, changed_requests={job.id: job}))

    state = await ledger.load()
    query = ListJobs(actor=Actor(user_id=job.owner_id), label="a=c")
    found, _ = await SqlJobReader(pool).page(query, None, None)

    assert state.jobs[job.id].request == job.request
    assert state.jobs[other.id].request == other.request
    assert [(view.id, view.priority) for view in found] == [(job.id, Priority.BACKGROUND)]
    kept = await pool.fetchval("SELECT spec::text FROM jobs WHERE id = $1", job.id)
    assert kept == submitted, "a change of labels writes the inputs again"


class WatchedRequest(NewJob):
    """A request that tells how often it was serialized while a connection was taken."""

    taken: ClassVar[list[int]] = []
    pool: ClassVar[asyncpg.Pool | None] = None

    def model_dump_json(self, **options: Any) -> str:
        assert self.pool
        self.taken.append(self.pool.get_size() - self.pool.get_idle_size())
        return super().model_dump_json(**options)


async def test_rows_are_serialized_before_their_transaction(
    pool: asyncpg.Pool, ledger: SqlLedger
) -> None:
    WatchedRequest.pool = pool
    request = WatchedRequest(job_id=new_id(), workflow="w@1", version_hash="h")
    job = Job(request, new_id(), NOW)

    await ledger.commit(Effects(new_jobs={job.id: job}))

    assert WatchedRequest.taken == [0], "an idle transaction is ended, and so is the term"


async def test_a_deleted_job_is_gone_with_its_attempts_and_no_other(
    pool: asyncpg.Pool, ledger: SqlLedger
) -> None:
    jobs = [a_job(), a_job()]
    for job in jobs:
        job.status, job.finished_at = JobStatus.FAILED, NOW
    attempts = [Attempt(new_id(), job, new_id(), 1, NOW, ended_at=NOW) for job in jobs]
    new = Effects(new_jobs={job.id: job for job in jobs}, attempts={a.id: a for a in attempts})
    await ledger.commit(new)
    note = (jobs[0].owner_id, "delete_job", str(jobs[0].id))
    deletion = Effects(deleted_jobs={jobs[0].id}, keys={note: KeyUse("", jobs[0].id)})
    await ledger.commit(deletion)

    loaded = await ledger.look_up([job.id for job in jobs], [note], [])

    assert (loaded.jobs.keys(), loaded.keys.keys()) == ({jobs[1].id}, {note})
    assert await pool.fetchval("SELECT array_agg(job_id) FROM attempts") == [jobs[1].id]
    assert await pool.fetchval("SELECT array_agg(id) FROM ended_jobs") == [jobs[1].id]


async def test_the_raw_graphs_of_unfinished_jobs_are_needed(
    pool: asyncpg.Pool, ledger: SqlLedger
) -> None:
    jobs = [
        a_job("graph@c", JobStatus.CANCELING),
        a_job("graph@a"),
        a_job("graph@a"),
        a_job("graph@b", JobStatus.RUNNING),
        a_job("graph@d", JobStatus.COMPLETED),
        a_job("solid@9"),
    ]
    await ledger.commit(Effects(new_jobs={job.id: job for job in jobs}))
    reader = SqlJobReader(pool)

    assert await reader.needed_graphs("", 2) == ["a", "b"]
    assert await reader.needed_graphs("b", 2) == ["c"]
