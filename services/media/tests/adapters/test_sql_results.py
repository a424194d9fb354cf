"""Results of attempts on a real Postgres."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.media.attempts import Results
from media.adapters.sql.deletions import SqlDeletions
from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.results import SqlResults
from media.adapters.sql.uploads import SqlUploads
from media.domain.records import CheckedFile
from runtime.grants import Grant
from runtime.postgres.engine import sqlalchemy_url
from runtime.testing.postgres import PostgresServer

from .records import NOW, a_media, a_result


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    engine = create_async_engine(sqlalchemy_url(await postgres.database_for("media")))
    yield engine
    await engine.dispose()


def some_grant(owner_id: UUID | None = None) -> Grant:
    return Grant(
        attempt_id=uuid4(),
        job_id=uuid4(),
        node_id=uuid4(),
        owner_id=owner_id or uuid4(),
        media=[],
        expires_at=NOW,
    )


def a_found(grant: Grant, n: int, blake3: str = "aa") -> CheckedFile:
    key = f"results/{grant.attempt_id}/{n}"
    return CheckedFile(uuid4(), key, a_result(n, bytes(10), blake3))


async def test_an_attempt_is_known_once_it_recorded_even_nothing(database: AsyncEngine) -> None:
    results, grant = SqlResults(database), some_grant()
    assert await results.find(grant.attempt_id) == Results(outputs=[], is_recorded=False)
    await results.save(grant, [], NOW)
    assert await results.find(grant.attempt_id) == Results(outputs=[], is_recorded=True)


async def test_a_file_keeps_the_media_that_it_got_first(database: AsyncEngine) -> None:
    results, grant = SqlResults(database), some_grant()
    first = [a_found(grant, 0), a_found(grant, 1, "bb")]
    again = [a_found(grant, 1, "bb"), a_found(grant, 2, "cc")]
    await asyncio.gather(*(results.save(grant, [found], NOW) for found in first * 3))
    await results.save(grant, again, NOW)
    recorded = await results.find(grant.attempt_id)

    assert [output.media_id for output in recorded.outputs] == [
        first[0].media_id,
        first[1].media_id,
        again[1].media_id,
    ]


async def test_files_with_the_same_bytes_are_two_media_with_one_content(
    database: AsyncEngine,
) -> None:
    grant, library = some_grant(), SqlLibrary(database)
    found = [a_found(grant, 0), a_found(grant, 1)]
    await SqlResults(database).save(grant, found, NOW)
    one, two = await library.find([f.media_id for f in found], grant.owner_id)
    assert one.key == two.key == found[0].key
    assert one.view.job_id == grant.job_id


async def test_an_upload_replaces_what_only_an_agent_called_by_its_digest(
    database: AsyncEngine,
) -> None:
    grant, library = some_grant(), SqlLibrary(database)
    false = a_found(grant, 0, "digest")
    await SqlResults(database).save(grant, [false], NOW)
    upload = a_media(grant.owner_id, blake3="digest", size_bytes=99)
    proved = await SqlUploads(database).accept(upload, 1_000, None)
    later = some_grant(grant.owner_id)
    await SqlResults(database).save(later, [a_found(later, 0, "digest")], NOW)

    assert proved == upload
    assert await library.get(upload.view.id) == upload


async def test_an_attempt_is_forgotten_once_no_grant_for_it_is_valid(database: AsyncEngine) -> None:
    results, grant, deletions = (
        SqlResults(database),
        some_grant(),
        SqlDeletions(database, lambda: None),
    )
    await results.save(grant, [], NOW)
    await deletions.delete_unused_rows(NOW + timedelta(days=30))
    assert (await results.find(grant.attempt_id)).is_recorded
    await deletions.delete_unused_rows(NOW + timedelta(days=32))
    assert not (await results.find(grant.attempt_id)).is_recorded


async def test_an_attempt_is_known_as_long_as_one_of_its_results_is_kept(
    database: AsyncEngine,
) -> None:
    kept, empty = some_grant(), some_grant()
    await SqlResults(database).save(kept, [a_found(kept, 0, "digest")], NOW)
    await SqlResults(database).save(empty, [], NOW)

    await SqlDeletions(database, lambda: None).delete_unused_rows(NOW + timedelta(days=400))

    assert (await SqlResults(database).find(kept.attempt_id)).is_recorded
    assert not (await SqlResults(database).find(empty.attempt_id)).is_recorded
