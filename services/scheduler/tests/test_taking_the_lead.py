"""Two schedulers on one real Postgres: one loads a state and leads, the other stands by."""

import gc
from collections.abc import AsyncGenerator

import asyncpg
import pytest
from pydantic import SecretStr

from contracts.scheduler.job_requests import SubmitJobView
from contracts.values import new_id
from runtime.process.settings import DatabaseSettings
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from scheduler.adapters.sql_leadership import SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.adapters.stored_state import READ_FIRST
from scheduler.domain.effects import Effects
from scheduler.domain.jobs import Job
from scheduler.domain.state import Limits
from scheduler.handlers.leader_loop import decide

from .contender import Contender, a_relay
from .fakes import NOW
from .fleet import a_submit

MANY_JOBS = 3_000
RENEWED_ENOUGH = 4
"""A leader renews every 0.8 s; a standby takes a lead that was not renewed for 2 s."""


@pytest.fixture
async def database_url(postgres: PostgresServer) -> str:
    return await postgres.database_for("scheduler")


@pytest.fixture
async def pool(database_url: str) -> AsyncGenerator[asyncpg.Pool, None]:
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(database_url))) as opened:
        yield opened


async def commit_waiting_jobs(pool: asyncpg.Pool, count: int) -> None:
    jobs = [Job(a_submit().job, new_id(), NOW) for _ in range(count)]
    epoch = await SqlLeadership(pool).acquire(None)
    assert epoch is not None
    ledger = SqlLedger(pool, a_relay(pool), epoch, Limits())
    await ledger.commit(Effects(new_jobs={job.id: job for job in jobs}))
    await SqlLeadership(pool).release(epoch)


async def test_a_load_that_takes_longer_than_the_lead_lasts_keeps_the_lead(
    pool: asyncpg.Pool,
) -> None:
    await commit_waiting_jobs(pool, 10)
    renewals: set[object] = set()

    async def is_renewed_often() -> bool:
        renewals.add(await pool.fetchval("SELECT beat_at FROM leader"))
        return len(renewals) >= RENEWED_ENOUGH

    first = Contender(pool, may_load=is_renewed_often)

    await eventually(lambda: first.leads, within=60)

    assert first.leadership.asked == 1
    assert isinstance(await decide(first.scheduler, a_submit()), SubmitJobView)
    second = Contender(pool)
    await eventually(lambda: second.leadership.asked >= 2)
    assert not second.leads
    await first.stop()
    await eventually(lambda: second.leads)
    assert second.scheduler.term
    assert len(second.scheduler.term.state.jobs) == 11
    await second.stop()


def jobs_of_the_collector() -> list[Job]:
    """Return the jobs that the collector looks at; `isinstance` would follow dead references."""
    return [item for item in gc.get_objects() if type(item) is Job]


async def test_the_collector_passes_over_the_state_as_long_as_the_term_lasts(
    pool: asyncpg.Pool,
) -> None:
    await commit_waiting_jobs(pool, 10)
    contender = Contender(pool)
    await eventually(lambda: contender.leads)
    term = contender.scheduler.term
    assert term

    assert not jobs_of_the_collector()
    await contender.stop()
    assert sum(job in term.state.jobs.values() for job in jobs_of_the_collector()) == 10
    assert gc.isenabled()


async def test_rows_are_parsed_outside_of_any_transaction(
    pool: asyncpg.Pool, database_url: str
) -> None:
    """Postgres ends every transaction here that idles for 5 ms; parsing takes 20 times as long."""
    await commit_waiting_jobs(pool, MANY_JOBS)
    strict = {"idle_in_transaction_session_timeout": "5ms"}
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=2, server_settings=strict
    ) as impatient:
        state = await SqlLedger(impatient, a_relay(pool), 1, Limits()).load()

    assert len(state.startable) == READ_FIRST
    assert state.queue_size == MANY_JOBS
