"""The ledger and the leader's row on a real Postgres."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from contracts.access import Actor, Permission
from contracts.agent import Cause
from contracts.scheduler.job_requests import ListJobs, NewJob, Requirements
from contracts.scheduler.jobs import JobError, JobStatus
from contracts.scheduler.nodes import Device, NewNode
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.outbox.relay import Relay
from runtime.postgres.pool import session
from runtime.process.settings import DatabaseSettings
from runtime.testing.postgres import PostgresServer
from scheduler.adapters.sql_job_reader import SqlJobReader
from scheduler.adapters.sql_leadership import IDLE_SECONDS, SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.domain.effects import Effects, KeyUse
from scheduler.domain.jobs import Attempt, Job, Retry
from scheduler.domain.nodes import ClaimStatus, Health, Node, NodeCapabilities
from scheduler.domain.state import Limits
from scheduler.ports import LeadershipLostError, LedgerUncertainError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def database_url(postgres: PostgresServer) -> str:
    return await postgres.database_for("scheduler")


@pytest.fixture
async def pool(database_url: str) -> AsyncGenerator[asyncpg.Pool, None]:
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(database_url))) as opened:
        yield opened


async def a_ledger(pool: asyncpg.Pool) -> SqlLedger:
    epoch = await SqlLeadership(pool).acquire(None)
    assert epoch is not None
    return SqlLedger(pool, Relay(pool.acquire, Bus("scheduler")), epoch, Limits())


def a_job(
    owner_id: UUID | None = None, created_at: datetime = NOW, prompt: str = "a red door"
) -> Job:
    spec = NewJob(
        job_id=new_id(),
        workflow="inpaint@3",
        version_hash="hash",
        inputs={"prompt": prompt},
        requirements=Requirements.model_validate(
            {"models": [{"folder": "checkpoints", "name": "a"}]}
        ),
        labels={"project": "poster"},
    )
    return Job(spec, owner_id or new_id(), created_at, {"traceparent": "00-1"})


def a_node() -> Node:
    return Node(
        new_id(),
        NewNode(name="one", base_url="http://10.0.0.7:8188"),
        NOW,
        version=3,
        claim_status=ClaimStatus.JOINED,
        agent_id=new_id(),
        claim=2,
        health=Health(1, True, "CUDA error", ("v",), (new_id(),), 3, new_id(), is_untried=True),
        capabilities=NodeCapabilities(
            digest="d", classes=frozenset({"A"}), devices=(Device(name="gpu"),)
        ),
        is_managed=True,
    )


async def test_a_state_is_read_back_as_it_was_committed(pool: asyncpg.Pool) -> None:
    ledger, node, waiting, running = await a_ledger(pool), a_node(), a_job(), a_job()
    waiting.retry = Retry({Cause.LOST: 2}, frozenset({node.id}))
    running.status, running.version, running.attempt_count = JobStatus.RUNNING, 2, 1
    attempt = Attempt(new_id(), running, node.id, 1, NOW)
    pending = a_job()
    pending.attempt_count = 1
    behind = Attempt(new_id(), pending, node.id, 1, NOW)
    await ledger.commit(
        Effects(
            new_jobs={job.id: job for job in (waiting, running, pending)},
            attempts={one.id: one for one in (attempt, behind)},
            nodes={node.id: node},
            capabilities={node.id: node},
        )
    )

    state = await ledger.load()

    found = state.jobs[waiting.id]
    assert (found.request, found.retry) == (waiting.request, waiting.retry)
    assert len(state.startable) == 1
    assert state.jobs[running.id].attempt is state.attempts[attempt.id]
    assert state.jobs[pending.id].attempt is state.attempts[behind.id], "queued on its node"
    assert state.nodes[node.id].attempts.keys() == {attempt.id, behind.id}
    assert state.nodes[node.id].capabilities.classes == {"A"}
    assert state.nodes[node.id].health == node.health
    assert state.nodes[node.id].is_managed


async def test_equal_servers_are_loaded_with_one_copy_of_their_names(pool: asyncpg.Pool) -> None:
    ledger, nodes = await a_ledger(pool), [a_node(), a_node()]
    by_id = {node.id: node for node in nodes}
    await ledger.commit(Effects(nodes=by_id, capabilities=by_id))

    one, two = (await ledger.load()).nodes.values()

    assert one.capabilities.classes == {"A"}
    assert one.capabilities.classes is two.capabilities.classes


async def test_a_job_that_ended_is_known_but_not_loaded(pool: asyncpg.Pool) -> None:
    ledger, job = await a_ledger(pool), a_job()
    name = job.owner_id, "submit_job", "key"
    await ledger.commit(Effects(new_jobs={job.id: job}, keys={name: KeyUse("digest", job.id)}))
    job.status, job.end.error = JobStatus.FAILED, JobError(code="x", message="nul \0 and all")
    await ledger.commit(Effects(changed_jobs={job.id: job}))

    loaded = await ledger.look_up([], [name], [])

    assert loaded.keys == {name: KeyUse("digest", job.id)}
    assert loaded.jobs[job.id].end.error == job.end.error
    assert job.id not in (await ledger.load()).jobs


async def test_no_text_of_a_user_can_make_a_commit_fail(pool: asyncpg.Pool) -> None:
    ledger, job = await a_ledger(pool), a_job(prompt="\0 \\u0000 ' \U0001f600")

    await ledger.commit(Effects(new_jobs={job.id: job}))

    assert (await ledger.load()).jobs[job.id].request == job.request


async def test_a_row_that_cannot_be_read_holds_up_no_other_job(pool: asyncpg.Pool) -> None:
    ledger, bad, good = await a_ledger(pool), a_job(), a_job()
    await ledger.commit(Effects(new_jobs={job.id: job for job in (bad, good)}))
    await pool.execute("UPDATE jobs SET status = 'of_a_newer_release' WHERE id = $1", bad.id)

    assert list((await ledger.load()).jobs) == [good.id]


async def test_who_does_not_lead_any_more_commits_nothing(pool: asyncpg.Pool) -> None:
    stale, job = await a_ledger(pool), a_job()
    await pool.execute("UPDATE leader SET beat_at = now() - interval '3 seconds'")
    fresh = await a_ledger(pool)

    with pytest.raises(LeadershipLostError):
        await stale.commit(Effects(new_jobs={job.id: job}))

    assert not (await fresh.load()).jobs


async def test_a_failed_statement_leaves_nothing_of_its_batch(pool: asyncpg.Pool) -> None:
    ledger, job, twice = await a_ledger(pool), a_job(), a_job()
    await ledger.commit(Effects(new_jobs={twice.id: twice}))

    with pytest.raises(LedgerUncertainError):
        await ledger.commit(Effects(new_jobs={job.id: job, twice.id: twice}))

    assert set((await ledger.load()).jobs) == {twice.id}


async def test_the_lead_is_taken_only_when_free_stale_or_ones_own(pool: asyncpg.Pool) -> None:
    leadership = SqlLeadership(pool)
    first = await leadership.acquire(None)

    assert await leadership.acquire(None) is None
    second = await leadership.acquire(first)
    assert second is not None
    await leadership.release(second)
    assert await leadership.acquire(None) == second + 1


async def test_a_holder_stopped_within_a_transaction_loses_the_row(
    pool: asyncpg.Pool, database_url: str
) -> None:
    stopped = await asyncpg.connect(database_url, server_settings=session(IDLE_SECONDS))
    await stopped.execute("BEGIN")
    await stopped.execute("UPDATE leader SET beat_at = now() - interval '9 seconds'")

    assert await SqlLeadership(pool).acquire(None) is not None

    stopped.terminate()


async def test_a_list_is_filtered_and_paged_newest_first(pool: asyncpg.Pool) -> None:
    ledger, owner_id = await a_ledger(pool), new_id()
    jobs = [a_job(owner_id, NOW + timedelta(seconds=number)) for number in range(5)]
    others = a_job()
    await ledger.commit(Effects(new_jobs={job.id: job for job in [*jobs, others]}))
    job_reader, actor = (
        SqlJobReader(pool),
        Actor(user_id=owner_id, permissions=frozenset(Permission)),
    )
    request = ListJobs(
        actor=actor, workflow="inpaint", label="project=poster", status=[JobStatus.QUEUED], limit=2
    )

    page, end = await job_reader.page(request, owner_id, (jobs[3].created_at, jobs[3].id))

    assert [view.id for view in page] == [jobs[2].id, jobs[1].id]
    assert end == (jobs[1].created_at, jobs[1].id)
    rest, end = await job_reader.page(request, owner_id, end)
    assert ([view.id for view in rest], end) == ([jobs[0].id], None)
    other = request.model_copy(update={"label": "project=other"})
    assert await job_reader.page(other, owner_id, None) == ([], None)
    assert [view.id for view in await job_reader.find([others.id], owner_id)] == []


async def test_a_row_that_cannot_be_read_hides_no_other_job(pool: asyncpg.Pool) -> None:
    ledger, owner_id = await a_ledger(pool), new_id()
    jobs = [a_job(owner_id, NOW + timedelta(seconds=number)) for number in range(3)]
    await ledger.commit(Effects(new_jobs={job.id: job for job in jobs}))
    await pool.execute("UPDATE jobs SET status = 'newer' WHERE id = $1", jobs[1].id)
    job_reader, actor = SqlJobReader(pool), Actor(user_id=owner_id)

    found = await job_reader.find([job.id for job in jobs], owner_id)
    page, end = await job_reader.page(ListJobs(actor=actor, limit=2), owner_id, None)

    assert [view.id for view in found] == [jobs[2].id, jobs[0].id]
    assert [view.id for view in page] == [jobs[2].id]
    assert end == (jobs[1].created_at, jobs[1].id)
