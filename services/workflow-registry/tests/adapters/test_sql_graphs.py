import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import NotFoundError, UnavailableError
from runtime.outbox.messages import Outgoing, decode
from runtime.postgres.engine import database
from runtime.testing.postgres import CLOCK_JUMPED_AHEAD, PostgresServer
from workflow_registry.adapters import sql_graphs
from workflow_registry.adapters.sql_graphs import SqlGraphs
from workflow_registry.adapters.sql_workflows import SqlWorkflows
from workflow_registry.domain.checks import Rules
from workflow_registry.domain.raw_graphs import GraphBounds, raw_version
from workflow_registry.settings import RegistrySettings
from workflows import WorkflowVersion

from ..builders import a_graph  # noqa: TID252  shared by these tests alone

DAYS = 60
SIZE = 400
"""Bytes of one stored graph, a little less than they are."""
OWNER, OTHER = UUID(int=1), UUID(int=2)
MANY = 10**6


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    url = SecretStr(await postgres.database_for("workflow-registry"))
    async with database(RegistrySettings(database_url=url, workflows_dir=Path())) as opened:
        yield opened


def graphs_of(engine: AsyncEngine, *, most: int = MANY, share: int = MANY) -> SqlGraphs:
    return SqlGraphs(engine, lambda: None, GraphBounds(timedelta(days=DAYS), most, share))


async def needed(*versions: WorkflowVersion) -> set[str]:
    return {version.hash for version in versions}


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


async def keep(graphs: SqlGraphs, *versions: WorkflowVersion, owner: UUID = OWNER) -> None:
    for version in versions:
        await graphs.keep(owner, version)


async def refusal(graphs: SqlGraphs, version: WorkflowVersion, owner: UUID) -> UnavailableError:
    with pytest.raises(UnavailableError) as caught:
        await graphs.keep(owner, version)
    return caught.value


async def test_a_graph_is_stored_and_published_once(engine: AsyncEngine) -> None:
    graphs, version = graphs_of(engine), a_version(1)
    await keep(graphs, version, version)
    await keep(graphs, version, owner=OTHER)
    [message] = await sent(engine)

    assert message.subject == f"$KV.workflows.version.{version.hash}"
    record = json.loads(message.body)
    assert (record["name"], record["version"], record["graph"]) == ("graph", 0, version.graph)


async def test_a_graph_goes_some_days_after_its_last_use(engine: AsyncEngine) -> None:
    graphs, old, kept, used = graphs_of(engine), a_version(1), a_version(2), a_version(3)
    for version, days in ((old, DAYS + 0.1), (kept, DAYS - 0.1), (used, DAYS + 0.1)):
        await keep(graphs, version)
        await age(engine, version, days)
    await graphs.use(OWNER, used.hash)
    await sent(engine)

    await graphs.prune(needed)

    assert puts_and_deletions(await sent(engine)) == [(old.hash, False)]
    with pytest.raises(NotFoundError) as caught:
        await graphs.use(OWNER, old.hash)
    assert caught.value.code == "version_gone"
    await graphs.use(OWNER, kept.hash)
    await keep(graphs, old)
    assert puts_and_deletions(await sent(engine)) == [(old.hash, True)]


async def test_a_graph_that_a_job_needs_stays_however_old_it_is(engine: AsyncEngine) -> None:
    graphs, wanted, over = graphs_of(engine, most=SIZE, share=SIZE), a_version(1), a_version(2)
    roomy = graphs_of(engine)
    for version in (wanted, over):
        await keep(roomy, version)
        await age(engine, version, DAYS + 1)
    await sent(engine)

    await graphs.prune(lambda: needed(wanted))

    assert puts_and_deletions(await sent(engine)) == [(over.hash, False)]
    await graphs.use(OWNER, wanted.hash)


async def test_a_graph_used_since_the_question_which_are_needed_stays(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new job may have reached the scheduler after the answer, however late that comes."""
    monkeypatch.setattr(sql_graphs, "SURE_FOR", timedelta())
    graphs, version, old = graphs_of(engine, most=SIZE), a_version(1), a_version(2)
    await keep(graphs_of(engine), version, old)
    for kept in (version, old):
        await age(engine, kept, 1)
    await sent(engine)

    async def while_it_is_used() -> set[str]:
        await graphs.use(OWNER, version.hash)
        return set()

    await graphs.prune(while_it_is_used)

    assert puts_and_deletions(await sent(engine)) == [(old.hash, False)]


async def test_nobody_is_asked_while_nothing_can_be_deleted(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine)
    await keep(graphs, a_version(1))

    async def away() -> set[str]:
        raise UnavailableError("the scheduler is away")

    await graphs.prune(away)


async def test_one_owner_fills_his_share_and_no_other(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine, most=9 * SIZE, share=3 * SIZE)
    first, second = a_version(1), a_version(2)
    await keep(graphs, first, second)

    error = await refusal(graphs, a_version(3), OWNER)

    assert (error.code, "MAX_GRAPHS_MB_PER_OWNER" in error.message) == ("too_many_graphs", True)
    await keep(graphs, first)  # is stored
    await keep(graphs, first, a_version(3), owner=OTHER)
    with pytest.raises(UnavailableError):
        await graphs.use(OTHER, second.hash)


async def test_an_owners_unneeded_graphs_make_room_for_his_new_ones(engine: AsyncEngine) -> None:
    graphs = graphs_of(engine, most=40 * SIZE, share=4 * SIZE)
    waiting, over, theirs = a_version(1), a_version(2), a_version(3)
    await keep(graphs, theirs, owner=OTHER)
    await keep(graphs, waiting, over, theirs)
    for days, version in ((3, waiting), (2, theirs), (1, over)):
        await age(engine, version, days)
    await sent(engine)
    await refusal(graphs, a_version(4), OWNER)

    await graphs.prune(lambda: needed(waiting))

    assert await sent(engine) == []  # the other owner has the oldest one too
    await keep(graphs, a_version(4))
    await graphs.use(OTHER, theirs.hash)


async def test_graphs_of_the_last_minutes_stay(engine: AsyncEngine) -> None:
    for owner in (OWNER, OTHER):
        await keep(graphs_of(engine), a_version(owner.int), owner=owner)
    await sent(engine)

    await graphs_of(engine, most=SIZE, share=SIZE).prune(needed)

    assert await sent(engine) == []


async def test_a_clock_that_jumps_ahead_makes_no_graph_old(engine: AsyncEngine) -> None:
    graphs, old = graphs_of(engine), a_version(1)
    await keep(graphs, old)
    await age(engine, old, DAYS + 1)
    await sent(engine)
    async with engine.begin() as connection:
        await connection.execute(text(CLOCK_JUMPED_AHEAD))

    await graphs.prune(needed)

    assert await sent(engine) == []


async def test_a_sync_takes_gone_graphs_back_and_no_stored_one(engine: AsyncEngine) -> None:
    graphs, kept = graphs_of(engine), a_version(1)
    await keep(graphs, kept)
    await sent(engine)

    await SqlWorkflows(engine, lambda: None).sync({}, {kept.hash, "gone"})

    assert puts_and_deletions(await sent(engine)) == [("gone", False)]
