"""Raw graphs come back into a bucket that was lost, those first whose jobs start first."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import UnavailableError
from contracts.scheduler.job_requests import ListNeededGraphs, NeededGraphs
from runtime.process.health import Health
from runtime.process.service import Runtime, cancel_all
from runtime.testing.servers import NatsServer
from workflow_registry.adapters import sql_graphs
from workflow_registry.adapters.bus import WorkflowsBucket
from workflow_registry.adapters.sql_graphs import SqlGraphs
from workflow_registry.adapters.sql_workflows import SqlWorkflows
from workflow_registry.domain.lifecycle import upload
from workflow_registry.domain.raw_graphs import GraphBounds

from ..builders import a_version as a_named_version  # noqa: TID252  shared by these tests alone
from ..running import a_bus  # noqa: TID252
from .test_sql_graphs import (
    DAYS,
    MANY,
    OTHER,
    a_version,
    age,
    engine,
    graphs_of,
    keep,
    needed,
    puts_and_deletions,
    sent,
)

__all__ = ["engine"]


async def test_of_lost_graphs_those_come_first_whose_jobs_start_first(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_graphs, "SENT_AT_ONCE", 1)  # and the next ones without a pause
    commits = list[None]()
    graphs = SqlGraphs(
        engine, lambda: commits.append(None), GraphBounds(timedelta(days=DAYS), MANY, MANY)
    )
    numbers = old_unneeded, oldest, older, new_unneeded, recent, kept = range(6)
    versions = {number: a_version(number) for number in numbers}
    for number, version in versions.items():
        await keep(graphs, version)
        await age(engine, version, 0 if number == recent else 9 - number)
    await keep(graphs, versions[recent], owner=OTHER)
    await sent(engine)
    commits.clear()

    waiting = partial(needed, versions[older], versions[oldest], versions[kept])
    await graphs.publish_missing({versions[kept].hash}, waiting)

    order = oldest, older, recent, new_unneeded, old_unneeded
    assert puts_and_deletions(await sent(engine)) == [(versions[one].hash, True) for one in order]
    assert len(commits) == len(order)


async def test_lost_graphs_are_published_while_the_scheduler_is_away(engine: AsyncEngine) -> None:
    graphs, version = graphs_of(engine), a_version(1)
    await keep(graphs, version)
    await sent(engine)

    async def away() -> set[str]:
        raise UnavailableError("the scheduler is away")

    await graphs.publish_missing((), away)

    assert puts_and_deletions(await sent(engine)) == [(version.hash, True)]


async def test_workflows_are_published_before_raw_graphs(
    engine: AsyncEngine, nats: NatsServer
) -> None:
    graphs, workflows = graphs_of(engine), SqlWorkflows(engine, lambda: None)
    raw, named = a_version(1), a_named_version()
    await keep(graphs, raw)
    await workflows.update(lambda _: [upload(None, named, activate=True)])
    await sent(engine)

    async def answer(_: ListNeededGraphs) -> NeededGraphs:
        return NeededGraphs(hashes=[raw.hash], next_cursor=None)

    async with a_bus(nats, "scheduler") as scheduler, a_bus(nats, "workflow-registry") as bus:
        await scheduler.serve(ListNeededGraphs, answer)
        bucket = WorkflowsBucket(engine, workflows, graphs, bus, lambda: None, lambda: None)
        async with asyncio.TaskGroup() as group:
            runtime = Runtime(bus, asyncio.Event(), Health(), group)
            bucket.follow(runtime)
            await bucket.sync()
            await cancel_all(runtime.tasks)

    published = [key for key, is_put in puts_and_deletions(await sent(engine)) if is_put]
    assert [key for key in published if key in (raw.hash, named.hash, "solid")] == [
        named.hash,
        "solid",
        raw.hash,
    ]
