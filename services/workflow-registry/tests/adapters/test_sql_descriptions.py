from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.errors import InvalidError, NotFoundError
from runtime.postgres.engine import database
from runtime.testing.postgres import CLOCK_JUMPED_AHEAD, PostgresServer
from workflow_registry.adapters.sql_descriptions import SqlDescriptions
from workflow_registry.settings import RegistrySettings

from ..builders import a_description  # noqa: TID252  shared by these tests alone

DIGEST, PACKED = a_description()
HALF = len(PACKED) // 2


@pytest.fixture
async def engine(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    url = SecretStr(await postgres.database_for("workflow-registry"))
    async with database(RegistrySettings(database_url=url, workflows_dir=Path())) as opened:
        yield opened


async def test_pages_come_in_any_order_and_may_be_repeated(engine: AsyncEngine) -> None:
    descriptions = SqlDescriptions(engine)

    assert not await descriptions.add(DIGEST, 1, 2, PACKED[HALF:])
    assert not await descriptions.add(DIGEST, 1, 2, PACKED[HALF:])
    assert await descriptions.known([DIGEST]) == set()
    assert await descriptions.add(DIGEST, 0, 2, PACKED[:HALF])

    assert await descriptions.known([DIGEST, "other"]) == {DIGEST}
    assert (await descriptions.read(DIGEST)).classes.keys() == {"EmptyImage", "SaveImage"}
    assert await descriptions.newest(1) == {DIGEST}


async def test_what_is_not_what_its_digest_says_leaves_nothing(engine: AsyncEngine) -> None:
    descriptions = SqlDescriptions(engine)

    with pytest.raises(InvalidError):
        await descriptions.add(DIGEST, 0, 1, b"junk")

    assert await descriptions.add(DIGEST, 0, 1, PACKED)


async def test_what_is_in_use_is_not_forgotten(engine: AsyncEngine) -> None:
    descriptions = SqlDescriptions(engine)
    await descriptions.add(DIGEST, 0, 1, PACKED)

    await descriptions.prune([DIGEST])

    assert await descriptions.known([DIGEST]) == {DIGEST}
    with pytest.raises(NotFoundError):
        await descriptions.read("0" * 32)


async def test_descriptions_go_a_week_after_their_last_use_by_a_clock_that_has_not_jumped(
    engine: AsyncEngine,
) -> None:
    descriptions = SqlDescriptions(engine)
    await descriptions.add(DIGEST, 0, 1, PACKED)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE descriptions SET used_at = now() - interval '8 d'"))

    async with engine.begin() as connection:
        await connection.execute(text(CLOCK_JUMPED_AHEAD))
    await descriptions.prune([])
    assert await descriptions.known([DIGEST]) == {DIGEST}

    async with engine.begin() as connection:
        await connection.execute(text("UPDATE retention_clock SET doubted_at = NULL"))
    await descriptions.prune([])
    assert await descriptions.known([DIGEST]) == set()
