"""Commits of which the leader does not hear whether Postgres made them: each job counts once.

A relay passes COMMIT on and drops the connection before the answer, or drops it before.
"""

import asyncio
from collections import Counter
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from contracts.errors import UnavailableError
from contracts.scheduler.job_events import JobQueued
from contracts.scheduler.job_requests import SubmitJob, SubmitJobView
from runtime.outbox.messages import decode
from runtime.process.settings import DatabaseSettings
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.relay import relay
from scheduler.adapters.sql_leadership import open_leader_pool
from scheduler.handlers.leader_loop import decide

from .contender import Contender
from .fleet import a_submit

COMMIT = b"Q\x00\x00\x00\x0cCOMMIT;"
"""PostgreSQL's message `Query`, as asyncpg ends a transaction."""
JOBS = 5


@pytest.mark.parametrize(("is_made", "key"), [(True, None), (True, "a key"), (False, None)])
async def test_a_commit_without_an_answer_counts_once(
    postgres: PostgresServer, *, is_made: bool, key: str | None
) -> None:
    url = await postgres.database_for("scheduler")
    async with relay(f"127.0.0.1:{postgres.port}") as between:
        through = url.replace(f":{postgres.port}/", f":{between.port}/")
        settings = DatabaseSettings(database_url=SecretStr(through))
        async with open_leader_pool(settings) as pool:
            contender = Contender(pool)
            submits = [a_submit(key=key and f"{key} {number}") for number in range(JOBS)]
            for submit in submits:
                await eventually(lambda: contender.leads)
                (between.loses if is_made else between.drops).append(COMMIT)
                view = await answered(contender, submit)
                assert view.job.id == submit.job.job_id
                assert not between.loses
                assert not between.drops
            await contender.stop()
    assert await queued(url) == Counter(submit.job.job_id for submit in submits)


async def answered(contender: Contender, submit: SubmitJob) -> SubmitJobView:
    """Submit again until an answer comes, as the bus does."""
    while True:
        try:
            view = await decide(contender.scheduler, submit)
        except (asyncio.CancelledError, UnavailableError):
            await eventually(lambda: contender.leads)
        else:
            assert isinstance(view, SubmitJobView)
            return view


async def queued(url: str) -> Counter[UUID]:
    """Count the events in the outbox by the job that each is about."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT messages FROM outbox")
    finally:
        await connection.close()
    messages = (message for row in rows for message in decode(row["messages"]))
    return Counter(
        JobQueued.decode(message.subject, message.body.encode()).job_id
        for message in messages
        if message.is_event
    )
