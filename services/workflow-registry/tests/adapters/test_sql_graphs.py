import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import NotFoundError, UnavailableError
from runtime.outbox.messages import Outgoing, decode
from runtime.postgres.engine import database
from runtime.testing.postgres import PostgresServer
from workflow_registry.adapters.sql_graphs import SqlGraphs
from workflow_registry.adapters.sql_workflows import SqlWorkflows
from workflow_registry.domain.checks import Rules
from workflow_registry.domain.raw_graphs import raw_version
from workflow_registry.settings import RegistrySettings
from workflows import WorkflowVersion

from ..builders import a_graph  # noqa: TID252  shared by these tests alone

DAYS = 60
SIZE = 400
"""Bytes of one stored graph, a little less than they are."""


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    url = SecretStr(await postgres.database_for("workflow-registry"))
    async with database(RegistrySettings(database_url=url, workflows_dir=Path())) as opened:
        yield opened


def graphs_of(engine: AsyncEngine, *, most_bytes: int = 10**6) -> SqlGraphs:
    return SqlGraphs(engine, lambda: None, DAYS, most_bytes)


def a_version(color: int) -> WorkflowVersion:
    version, _ = raw_version(json.loads(a_graph(color)), Rules())
    return version


async def sent(engine: AsyncEngine) -> list[Outgoing]:
    """Messages that wait in the outbox, which is emptied."""
    async with engine.begin() as connection:
        rows = await connection.scalars(text("SELECT messages FROM outbox ORDER BY id"))
        found = [message for row in rows for message in decode(row)]
        await connection.execute(text("DELETE FROM outbox"))
    return found


def puts_and_deletions(messages: list[Outgoing]) -> list[tuple[str, bool]]:
    """Hashes, and whether the value is put."""
    return [(message.subject.rpartition(".")[2], bool(message.body)) for message in messages]


async def age(engine: AsyncEngine, version: WorkflowVersion, days: float) -> None:
    older = text("UPDATE graphs SET used_at = now() - make_interval(secs => :s) WHERE hash = :h")
    async with engine.begin() as connection:
        await connection.execute(older, {"s": days * 86_400, "h": version.hash})


async def test_a_graph_is_stored_and_published_once(engine: AsyncEngine) -> None:
    graphs, version = graphs_of(engine), a_version(1)
    await graphs.keep(version)
    await graphs.keep(version)
    [message] = await sent(engine)

    assert message.subject == f"$KV.workflows.version.{version.hash}"
    record = json.loads(message.body)
    assert (record["name"], record["version"], record["graph"]) == ("graph", 0, version.graph)


async def test_a_graph_goes_some_days_after_its_last_use(engine: AsyncEngine) -> None:
    graphs, old, kept, used = graphs_of(engine), a_version(1), a_version(2), a_version(3)
    for version, days in ((old, DAYS + 0.1), (kept, DAYS - 0.1), (used, DAYS + 0.1)):
        await graphs.keep(version)
        await age(engine, version, days)
    await graphs.use(used.hash)
    await sent(engine)

    await graphs.prune()

    assert puts_and_deletions(await sent(engine)) == [(old.hash, False)]
    with pytest.raises(NotFoundError) as caught:
        await graphs.use(old.hash)
    assert caught.value.code == "version_gone"
    await graphs.use(kept.hash)
    await graphs.keep(old)
    assert puts_and_deletions(await sent(engine)) == [(old.hash, True)]


async def test_the_longest_unused_graphs_make_room_for_a_new_one(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine, most_bytes=3 * SIZE)
    oldest, older, new = a_version(1), a_version(2), a_version(3)
    for version, days in ((oldest, 9), (older, 8)):
        await graphs.keep(version)
        await age(engine, version, days)
    await sent(engine)

    await graphs.keep(new)

    assert puts_and_deletions(await sent(engine)) == [(oldest.hash, False), (new.hash, True)]


async def test_graphs_of_the_last_day_stay_and_new_ones_are_refused(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine, most_bytes=3 * SIZE)
    first, second = a_version(1), a_version(2)
    for version in (first, second):
        await graphs.keep(version)
        await age(engine, version, 0.9)
    await sent(engine)

    with pytest.raises(UnavailableError) as caught:
        await graphs.keep(a_version(3))

    assert caught.value.code == "graphs_full"
    await graphs.keep(first)
    await graphs.prune()
    assert await sent(engine) == []


async def test_a_sync_publishes_lost_graphs_and_takes_gone_ones_back(engine: AsyncEngine) -> None:
    graphs, kept, lost = graphs_of(engine), a_version(1), a_version(2)
    for version in (kept, lost):
        await graphs.keep(version)
    await sent(engine)

    await SqlWorkflows(engine, lambda: None).sync({}, {kept.hash, "gone"})

    assert puts_and_deletions(await sent(engine)) == [(lost.hash, True), ("gone", False)]
