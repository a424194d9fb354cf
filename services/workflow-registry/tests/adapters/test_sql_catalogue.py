import asyncio
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.catalog import WorkflowName
from runtime.database import database
from runtime.testing.postgres import PostgresServer
from workflow_registry.adapters.sql_catalogue import SqlCatalogue, version
from workflow_registry.domain.catalogue import Change, changes, deleted
from workflow_registry.domain.reading import Broken, Outcome
from workflow_registry.settings import RegistrySettings
from workflows import load_version

from ..builders import a_graph, a_reading, a_spec, a_version  # noqa: TID252  shared by these tests alone


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    url = SecretStr(await postgres.database_for("workflow-registry"))
    async with database(RegistrySettings(database_url=url, workflows_dir=Path())) as opened:
        yield opened


@pytest.fixture
def catalogue(engine: AsyncEngine) -> SqlCatalogue:
    return SqlCatalogue(engine, lambda: None)


async def adopt(catalogue: SqlCatalogue, **found: Outcome) -> list[Change]:
    return await catalogue.update(partial(changes, reading=a_reading(**found)))


async def stored(catalogue: SqlCatalogue) -> dict[str, WorkflowName]:
    seen: dict[str, WorkflowName] = {}

    def look(known: Mapping[str, WorkflowName]) -> list[Change]:
        seen.update(known)
        return []

    await catalogue.update(look)
    return seen


async def published(engine: AsyncEngine) -> list[str]:
    """Keys that wait in the outbox, which is emptied."""
    async with engine.begin() as connection:
        rows = await connection.execute(text("SELECT messages FROM outbox ORDER BY id"))
        subjects = [message[0] for row in rows for message in row.messages]
        await connection.execute(text("DELETE FROM outbox"))
    return [subject.removeprefix("$KV.workflows.") for subject in subjects]


async def test_workflows_come_back_as_they_were_decided(catalogue: SqlCatalogue) -> None:
    await adopt(catalogue, solid=a_version(), torn=Broken("oh"))
    decided = await adopt(catalogue, solid=a_version(color=1), torn=Broken("oh"))

    known = await stored(catalogue)

    assert known["solid"] == decided[0].workflow
    assert known["solid"].active_version == 2
    assert known["torn"].problem == "oh"


async def test_a_version_is_published_before_the_name_that_leads_to_it_and_then_told(
    catalogue: SqlCatalogue, engine: AsyncEngine
) -> None:
    await adopt(catalogue, solid=a_version())

    assert await published(engine) == [
        f"version.{a_version().hash}",
        "name.solid",
        "event.workflow.version_stored.v1.solid",
        "event.workflow.activated.v1.solid",
    ]


async def test_classes_in_use_are_those_of_workflows_that_are_not_deleted(
    catalogue: SqlCatalogue,
) -> None:
    [change] = await adopt(catalogue, solid=a_version())
    used = await catalogue.classes()
    await catalogue.update(lambda _: [Change(deleted(change.workflow))])

    assert used == {"EmptyImage", "SaveImage"}
    assert await catalogue.classes() == frozenset()


async def test_the_stored_content_still_has_its_hash(
    catalogue: SqlCatalogue, engine: AsyncEngine
) -> None:
    graph = a_graph().replace("64", "1e22")
    original = load_version(a_spec(), graph)
    await adopt(catalogue, solid=original)

    async with engine.connect() as connection:
        found = await version(connection, original.hash)

    assert load_version(found.spec, found.graph).hash == original.hash


async def test_mending_publishes_exactly_what_is_missing_or_wrong(
    catalogue: SqlCatalogue, engine: AsyncEngine
) -> None:
    await adopt(catalogue, solid=a_version("solid"), stripes=a_version("stripes"))
    await published(engine)
    known = await stored(catalogue)
    names = {f"name.{name}": workflow for name, workflow in known.items()}
    versions = {f"version.{a_version(name).hash}" for name in known}

    await catalogue.mend(names, versions)
    assert await published(engine) == []

    lost = f"version.{a_version('solid').hash}"
    outdated = names["name.solid"].model_copy(update={"active_version": None})
    await catalogue.mend(
        {"name.solid": outdated, "name.stripes": names["name.stripes"], "name.gone": outdated},
        (versions - {lost}) | {"version.gone"},
    )
    assert await published(engine) == [lost, "version.gone", "name.solid", "name.gone"]


async def test_replicas_that_adopt_together_store_each_version_once(
    catalogue: SqlCatalogue,
) -> None:
    results = await asyncio.gather(*(adopt(catalogue, solid=a_version()) for _ in range(5)))

    assert sorted(len(result) for result in results) == [0, 0, 0, 0, 1]
