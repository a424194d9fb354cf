"""Results of attempts on a real Postgres."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.results import SqlResults
from media.adapters.sql.uploads import SqlUploads
from media.domain.records import Result
from media.domain.rights import Rights
from runtime.postgres.engine import sqlalchemy_url
from runtime.testing.postgres import PostgresServer

from .records import NOW, kept


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    engine = create_async_engine(sqlalchemy_url(await postgres.database_for("media")))
    yield engine
    await engine.dispose()


def some_rights(owner_id: UUID | None = None) -> Rights:
    return Rights(uuid4(), uuid4(), owner_id or uuid4(), ())


def a_found(rights: Rights, n: int, blake3: str = "aa") -> Result:
    return Result(
        media_id=uuid4(),
        n=n,
        output="images",
        index=n,
        kind="image",
        filename=f"{n}.png",
        key=f"results/{rights.attempt_id}/{n}",
        blake3=blake3,
        content_type="image/png",
        size_bytes=10,
        width=4,
        height=3,
    )


async def test_an_attempt_is_known_once_it_recorded_even_nothing(database: AsyncEngine) -> None:
    results, rights = SqlResults(database), some_rights()
    assert await results.find(rights.attempt_id) is None
    await results.record(rights, [], NOW)
    assert await results.find(rights.attempt_id) == {}


async def test_a_file_keeps_the_medium_that_it_got_first(database: AsyncEngine) -> None:
    results, rights = SqlResults(database), some_rights()
    first = [a_found(rights, 0), a_found(rights, 1, "bb")]
    again = [a_found(rights, 1, "bb"), a_found(rights, 2, "cc")]
    await asyncio.gather(*(results.record(rights, [found], NOW) for found in first * 3))
    await results.record(rights, again, NOW)
    recorded = await results.find(rights.attempt_id) or {}

    assert [recorded[n].media_id for n in range(3)] == [
        first[0].media_id,
        first[1].media_id,
        again[1].media_id,
    ]


async def test_files_with_the_same_bytes_are_two_media_with_one_content(
    database: AsyncEngine,
) -> None:
    rights, library = some_rights(), SqlLibrary(database)
    found = [a_found(rights, 0), a_found(rights, 1)]
    await SqlResults(database).record(rights, found, NOW)
    one, two = await library.find([f.media_id for f in found], rights.owner_id)
    assert one.key == two.key == found[0].key
    assert one.view.job_id == rights.job_id


async def test_an_upload_replaces_what_only_an_agent_called_by_its_digest(
    database: AsyncEngine,
) -> None:
    rights, library = some_rights(), SqlLibrary(database)
    false = a_found(rights, 0, "digest")
    await SqlResults(database).record(rights, [false], NOW)
    upload = kept(rights.owner_id, blake3="digest", size_bytes=99)
    proved = await SqlUploads(database).keep(upload, 1_000, None)
    later = some_rights(rights.owner_id)
    await SqlResults(database).record(later, [a_found(later, 0, "digest")], NOW)

    assert proved == upload
    assert await library.get(upload.view.id) == upload
