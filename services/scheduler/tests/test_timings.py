"""The times of graph nodes are stored with the end of their attempt, and found again."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from contracts.access import Actor, Permission
from contracts.agent import Outcome
from contracts.errors import NotFoundError
from contracts.scheduler.job_requests import NewJob
from contracts.scheduler.timings import FindTimings, GraphNodeTiming, Timings, TimingsView
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.outbox.relay import Relay
from runtime.process.settings import DatabaseSettings
from runtime.testing.postgres import PostgresServer
from scheduler.adapters.sql_job_reader import SqlJobReader
from scheduler.adapters.sql_leadership import SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Attempt, Job
from scheduler.domain.state import Limits
from scheduler.handlers.timings import find_timings

from .fakes import Leader

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIMINGS = Timings(
    graph_nodes=[GraphNodeTiming(graph_node="3", graph_node_class="K\0Sampler", seconds=2.5)],
    graph_node_count=1,
    is_whole=True,
    load_seconds=0.5,
)


@pytest.fixture
async def pool(postgres: PostgresServer) -> AsyncGenerator[asyncpg.Pool, None]:
    url = await postgres.database_for("scheduler")
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(url))) as opened:
        yield opened


async def a_job_with_two_attempts(pool: asyncpg.Pool) -> tuple[Job, list[Attempt]]:
    epoch = await SqlLeadership(pool).acquire(None)
    assert epoch is not None
    ledger = SqlLedger(pool, Relay(pool.acquire, Bus("scheduler")), epoch, Limits())
    job = Job(NewJob(job_id=new_id(), workflow="w@1", version_hash="h"), new_id(), NOW)
    attempts = [Attempt(new_id(), job, new_id(), number, NOW) for number in (1, 2)]
    live = {attempt.id: attempt for attempt in attempts}
    await ledger.commit(Effects(new_jobs={job.id: job}, attempts=live))
    first = attempts[0]
    first.ended_at, first.outcome = NOW + timedelta(seconds=9), Outcome.COMPLETED
    first.executed_seconds, first.timings = 3.0, TIMINGS
    await ledger.commit(Effects(attempts={first.id: first}))
    return job, attempts


async def ask(
    pool: asyncpg.Pool, job: Job, actor_id: UUID, *permissions: Permission
) -> TimingsView:
    leader = Leader()
    leading = leader.start()
    await leader.leads()
    actor = Actor(user_id=actor_id, permissions=frozenset(permissions))
    try:
        scheduler = replace(leader.scheduler, job_reader=SqlJobReader(pool))
        return await find_timings(scheduler, FindTimings(actor=actor, job_id=job.id))
    finally:
        leading.cancel()


async def test_each_attempt_has_its_times_once_it_has_ended(pool: asyncpg.Pool) -> None:
    job, (first, second) = await a_job_with_two_attempts(pool)

    newest, oldest = (await ask(pool, job, job.owner_id)).attempts

    assert (newest.number, newest.node_id, newest.ended_at) == (2, second.node_id, None)
    assert newest.timings is None
    assert (oldest.node_id, oldest.outcome) == (first.node_id, "completed")
    assert (oldest.executed_seconds, oldest.timings) == (3.0, TIMINGS)


async def test_others_do_not_learn_of_the_job(pool: asyncpg.Pool) -> None:
    job, _ = await a_job_with_two_attempts(pool)

    with pytest.raises(NotFoundError):
        await ask(pool, job, new_id())
    assert (await ask(pool, job, new_id(), Permission.JOBS_READ_ALL)).attempts


async def test_times_that_another_release_wrote_hide_no_attempt(pool: asyncpg.Pool) -> None:
    job, _ = await a_job_with_two_attempts(pool)
    await pool.execute("""UPDATE attempts SET timings = '{"newer": 1}' WHERE number = 1""")

    found = (await ask(pool, job, job.owner_id)).attempts
    assert [attempt.timings for attempt in found] == [None, None]
