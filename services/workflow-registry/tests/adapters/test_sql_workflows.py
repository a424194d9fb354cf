import asyncio
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.registry.workflows import WorkflowEntry
from runtime.outbox.messages import decode
from runtime.postgres.engine import database
from runtime.testing.postgres import PostgresServer
from workflow_registry.adapters.sql_workflows import SqlWorkflows, one_version
from workflow_registry.domain.folder import Broken, Outcome
from workflow_registry.domain.lifecycle import (
    MAX_RELEASED,
    Change,
    activated,
    changes,
    deleted,
    upload,
)
from workflow_registry.settings import RegistrySettings
from workflows import load_version

from ..builders import a_content, a_graph, a_spec, a_version  # noqa: TID252  shared by these tests alone

NEWER_VERSIONS = text("""
    INSERT INTO versions (name, number, hash, graph, spec, activated_at)
    SELECT :name, number + 1, number, '{}', '{}', now() FROM generate_series(1, :most) AS number
""")


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    url = SecretStr(await postgres.database_for("workflow-registry"))
    async with database(RegistrySettings(database_url=url, workflows_dir=Path())) as opened:
        yield opened


@pytest.fixture
def workflows(engine: AsyncEngine) -> SqlWorkflows:
    return SqlWorkflows(engine, lambda: None)


async def adopt(workflows: SqlWorkflows, **found: Outcome) -> list[Change]:
    return await workflows.update(partial(changes, content=a_content(**found)))


async def stored(workflows: SqlWorkflows) -> dict[str, WorkflowEntry]:
    seen: dict[str, WorkflowEntry] = {}

    def look(known: Mapping[str, WorkflowEntry]) -> list[Change]:
        seen.update(known)
        return []

    await workflows.update(look)
    return seen


async def published(engine: AsyncEngine) -> list[str]:
    """Keys that wait in the outbox, which is emptied."""
    async with engine.begin() as connection:
        rows = await connection.execute(text("SELECT messages FROM outbox ORDER BY id"))
        subjects = [message[0] for row in rows for message in row.messages]
        await connection.execute(text("DELETE FROM outbox"))
    return [subject.removeprefix("$KV.workflows.") for subject in subjects]


async def test_workflows_come_back_as_they_were_decided(workflows: SqlWorkflows) -> None:
    await adopt(workflows, solid=a_version(), torn=Broken("oh"))
    decided = await adopt(workflows, solid=a_version(color=1), torn=Broken("oh"))

    known = await stored(workflows)

    assert known["solid"] == decided[0].workflow
    assert known["solid"].active_version == 2
    assert known["torn"].problem == "oh"


async def test_a_version_is_published_before_the_name_that_leads_to_it_and_then_told(
    workflows: SqlWorkflows, engine: AsyncEngine
) -> None:
    await adopt(workflows, solid=a_version())

    assert await published(engine) == [
        f"version.{a_version().hash}",
        "name.solid",
        "event.workflow.version_stored.v1.solid",
        "event.workflow.activated.v1.solid",
    ]


async def test_classes_in_use_are_those_of_workflows_that_are_not_deleted(
    workflows: SqlWorkflows,
) -> None:
    uploaded = upload(None, a_version(), activate=True)
    [change] = await workflows.update(lambda _: [uploaded])
    used = await workflows.classes()
    await workflows.update(lambda _: [Change(deleted(change.workflow))])

    assert used == {"EmptyImage", "SaveImage"}
    assert await workflows.classes() == frozenset()


async def test_a_name_and_its_active_version_are_one_row_and_the_name_waits_for_the_version(
    workflows: SqlWorkflows, engine: AsyncEngine
) -> None:
    await adopt(workflows, solid=a_version())

    async with engine.connect() as connection:
        rows = await connection.scalars(text("SELECT messages FROM outbox ORDER BY id"))
        version, name = decode(rows.all()[0])

    assert name.requires == version.subject == f"$KV.workflows.version.{a_version().hash}"


async def test_an_old_version_that_readers_do_not_have_any_more_comes_with_its_activation(
    workflows: SqlWorkflows, engine: AsyncEngine
) -> None:
    old = a_version()
    await adopt(workflows, solid=old)
    many = {"name": "solid", "most": MAX_RELEASED}
    async with engine.begin() as connection:
        await connection.execute(NEWER_VERSIONS, many)
        await connection.execute(text("UPDATE workflows SET active_version = 2"))
    await published(engine)

    known = (await stored(workflows))["solid"]
    await workflows.update(lambda _: [Change(activated(known, old))])

    assert await published(engine) == [
        f"version.{old.hash}",
        "name.solid",
        "event.workflow.activated.v1.solid",
    ]


async def test_the_stored_content_still_has_its_hash(
    workflows: SqlWorkflows, engine: AsyncEngine
) -> None:
    graph = a_graph().replace("64", "1e22")
    original = load_version(a_spec(), graph)
    await adopt(workflows, solid=original)

    async with engine.connect() as connection:
        found = await one_version(connection, original.hash)

    assert load_version(found.spec, found.graph).hash == original.hash


async def test_a_sync_publishes_exactly_what_is_missing_or_wrong(
    workflows: SqlWorkflows, engine: AsyncEngine
) -> None:
    await adopt(workflows, solid=a_version("solid"), stripes=a_version("stripes"))
    await published(engine)
    known = await stored(workflows)
    names = {f"name.{name}": workflow for name, workflow in known.items()}
    hashes = {a_version(name).hash for name in known}

    await workflows.sync(names, hashes)
    assert await published(engine) == []

    lost = a_version("solid").hash
    outdated = names["name.solid"].model_copy(update={"active_version": None})
    await workflows.sync(
        {"name.solid": outdated, "name.stripes": names["name.stripes"], "name.gone": outdated},
        (hashes - {lost}) | {"gone"},
    )
    assert await published(engine) == [f"version.{lost}", "name.solid", "version.gone", "name.gone"]


async def test_replicas_that_adopt_together_store_each_version_once(
    workflows: SqlWorkflows,
) -> None:
    results = await asyncio.gather(*(adopt(workflows, solid=a_version()) for _ in range(5)))

    assert sorted(len(result) for result in results) == [0, 0, 0, 0, 1]
