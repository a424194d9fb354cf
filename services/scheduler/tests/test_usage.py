"""Sums of usage on a real Postgres: commits add to them, queries group them, old days go."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from contracts.access import Actor, Permission
from contracts.agent import AttemptEnd, FinishAttempt, Outcome
from contracts.errors import ForbiddenError, InvalidError
from contracts.scheduler.claims import ClaimNode, NodeBeat, ReportCapabilities
from contracts.scheduler.job_requests import NewJob, SubmitJob
from contracts.scheduler.node_requests import AddNode
from contracts.scheduler.nodes import Capabilities, NewNode
from contracts.scheduler.usage import FindUsage, UsageGrouping, UsagePage
from contracts.values import new_id
from runtime.bus.client import Bus
from runtime.cursor import Cursors
from runtime.outbox.relay import Relay
from runtime.process.settings import DatabaseSettings
from runtime.testing.postgres import PostgresServer
from scheduler.adapters import sql_retention
from scheduler.adapters.sql_leadership import SqlLeadership, open_leader_pool
from scheduler.adapters.sql_ledger import SqlLedger
from scheduler.adapters.sql_retention import SqlRetention
from scheduler.adapters.sql_usage_reader import SqlUsageReader
from scheduler.domain.context import LoadedRows, Now
from scheduler.domain.core import step
from scheduler.domain.effects import Effects
from scheduler.domain.occurrences import Requested
from scheduler.domain.state import Limits
from scheduler.domain.usage import NO_NODE, Usage, UsageKey
from scheduler.handlers.usage import GROUP, find_usage

from .fakes import Leader

DAY = date(2026, 1, 1)
ANN, BOB, NODE = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = Now(datetime(2026, 1, 1, tzinfo=UTC), 0.0)


@pytest.fixture
async def pool(postgres: PostgresServer) -> AsyncGenerator[asyncpg.Pool, None]:
    url = await postgres.database_for("scheduler")
    async with open_leader_pool(DatabaseSettings(database_url=SecretStr(url))) as opened:
        yield opened


async def a_ledger(pool: asyncpg.Pool) -> SqlLedger:
    await pool.execute("UPDATE leader SET beat_at = '-infinity'")
    epoch = await SqlLeadership(pool).acquire(None)
    assert epoch is not None
    return SqlLedger(pool, Relay(pool.acquire, Bus("scheduler")), epoch, Limits())


def completed(
    days: int = 0, owner_id: UUID = ANN, workflow: str = "a@1", node_id: UUID = NODE
) -> UsageKey:
    return UsageKey(DAY + timedelta(days=days), owner_id, workflow, node_id, "completed")


async def ask(
    pool: asyncpg.Pool,
    *by: UsageGrouping,
    may_all: bool = True,
    **query: object,
) -> UsagePage:
    leader = Leader()
    leading = leader.start()
    await leader.leads()
    permissions = frozenset({Permission.JOBS_READ_ALL} if may_all else ())
    asked = FindUsage.model_validate(
        {
            "actor": Actor(user_id=ANN, permissions=permissions),
            "first_day": DAY,
            "last_day": DAY + timedelta(days=9),
            "by": by,
            **query,
        }
    )
    try:
        scheduler = replace(leader.scheduler, usage_reader=SqlUsageReader(pool))
        return await find_usage(scheduler, asked)
    finally:
        leading.cancel()


async def add(pool: asyncpg.Pool, usage: Mapping[UsageKey, Usage]) -> None:
    await (await a_ledger(pool)).commit(Effects(usage=dict(usage)))


async def test_commits_add_up_and_each_outcome_has_its_seconds(pool: asyncpg.Pool) -> None:
    key = completed()
    await add(pool, {key: Usage(1, 1, 0, 1.5)})
    await add(
        pool,
        {
            key: Usage(2, 2, 1, 2.0),
            key._replace(outcome="lost"): Usage(0, 1, 0, 4.0, 1, 0.5),
            key._replace(outcome="canceled", node_id=NO_NODE): Usage(job_count=5),
        },
    )

    [row] = (await ask(pool, UsageGrouping.DAY)).items

    assert (row.day, row.owner_id, row.workflow, row.node_id) == (DAY, None, None, None)
    assert (row.completed_job_count, row.canceled_job_count) == (3, 5)
    assert (row.attempt_count, row.unmeasured_attempt_count) == (4, 1)
    assert (row.executed_seconds, row.completed_seconds, row.lost_seconds) == (7.5, 3.5, 4.0)
    assert (row.load_seconds, row.load_measured_attempt_count) == (0.5, 1), "of 1 in 4 attempts"


async def test_groups_come_in_pages_that_neither_repeat_nor_skip(pool: asyncpg.Pool) -> None:
    keys = [
        completed(days, owner_id, workflow, node_id)
        for days in range(3)
        for owner_id in (ANN, BOB)
        for workflow in ("a@1", "b@2")
        for node_id in (NO_NODE, NODE)
    ]
    await add(pool, {key: Usage(1, 1, 0, 1.0) for key in keys})
    by, found, cursor = list(UsageGrouping), list[UsageKey](), None
    while True:
        page = await ask(pool, *by, limit=5, cursor=cursor)
        for row in page.items:
            assert row.day
            assert row.owner_id
            assert row.workflow
            places = row.day, row.owner_id, row.workflow, row.node_id or NO_NODE
            found.append(UsageKey(*places, "completed"))
        if (cursor := page.next_cursor) is None:
            break

    assert found == keys
    of_others = (await ask(pool, UsageGrouping.DAY, limit=1)).next_cursor
    forged = Cursors("usage_by_owner", GROUP).write((DAY, None, None, None))
    for cursor in (of_others, forged, "nonsense"):
        with pytest.raises(InvalidError):
            await ask(pool, UsageGrouping.OWNER, cursor=cursor)


async def test_others_see_their_own_usage_alone(pool: asyncpg.Pool) -> None:
    await add(pool, {completed(): Usage(1), completed(owner_id=BOB): Usage(4)})

    [own] = (await ask(pool, UsageGrouping.OWNER, may_all=False)).items
    assert (own.owner_id, own.completed_job_count) == (ANN, 1)
    [of_bob] = (await ask(pool, UsageGrouping.OWNER, owner_id=BOB)).items
    assert of_bob.completed_job_count == 4
    assert (of_bob.load_seconds, of_bob.load_measured_attempt_count) == (None, 0)
    with pytest.raises(ForbiddenError):
        await ask(pool, UsageGrouping.OWNER, may_all=False, owner_id=BOB)


async def test_an_end_whose_commit_seemed_to_fail_is_counted_once(pool: asyncpg.Pool) -> None:
    """The report is repeated to the leader that follows, which reads the end from the rows."""
    ledger, actor, node_id = await a_ledger(pool), Actor(user_id=ANN), new_id()
    state = await ledger.load()
    node = AddNode(actor=actor, node_id=node_id, node=NewNode(name="n", base_url="http://n"))
    claim = ClaimNode(agent_id=new_id(), node_id=node_id)
    capabilities = Capabilities(digest="d", engine_version="1", classes=[], models=[])
    report = ReportCapabilities(node_id=node_id, claim=1, capabilities=capabilities)
    job = SubmitJob(actor=actor, job=NewJob(job_id=new_id(), workflow="a@1", version_hash="h"))
    beat = NodeBeat(node_id=node_id, claim=1, is_reachable=True, passed_trial=1)
    asked = [Requested(0, command) for command in (node, claim, report, job)]
    await ledger.commit(step(state, [*asked, beat], LoadedRows(), NOW, new_id))
    [attempt_id] = state.attempts
    end = AttemptEnd(outcome=Outcome.COMPLETED, executed_seconds=2.5)
    finish = FinishAttempt(node_id=node_id, claim=1, attempt_id=attempt_id, end=end)
    await ledger.commit(step(state, [Requested(0, finish)], LoadedRows(), NOW, new_id))

    after = await a_ledger(pool)
    state = await after.load()
    await after.commit(step(state, [Requested(0, finish)], LoadedRows(), NOW, new_id))

    [row] = (await ask(pool, UsageGrouping.DAY)).items
    assert (row.completed_job_count, row.attempt_count, row.executed_seconds) == (1, 1, 2.5)


async def test_usage_outlives_jobs_and_goes_after_days_of_its_own(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_retention, "ROWS_AT_ONCE", 2)
    today = datetime.now(UTC).date()
    long_ago = completed()._replace(day=today - timedelta(days=41))
    old = [long_ago._replace(workflow=f"w{number}@1") for number in range(5)]
    kept = completed()._replace(day=today - timedelta(days=39))
    await add(pool, {key: Usage(1) for key in (*old, kept)})

    await SqlRetention(pool, 1, 0).delete_old_usage()
    assert await pool.fetchval("SELECT count(*) FROM usage") == 6, "0 days are for ever"
    retention = SqlRetention(pool, 1, 40)
    await retention.delete_old_jobs()
    await retention.delete_old_usage()

    assert [row["day"] for row in await pool.fetch("SELECT day FROM usage")] == [kept.day]
