"""Uploads, the library and orphans on a real Postgres."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, ErrorBody, ForbiddenError, NotFoundError
from media.adapters.sql.deletions import SqlDeletions
from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.uploads import SqlUploads
from runtime.postgres.engine import sqlalchemy_url
from runtime.testing.postgres import PostgresServer

from .records import NOW, a_media, an_upload

ROOM = 1_000
DAY = timedelta(hours=24)
KEY = IdempotencyKey(key="k", body_digest="d")


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncGenerator[AsyncEngine, None]:
    engine = create_async_engine(sqlalchemy_url(await postgres.database_for("media")))
    yield engine
    await engine.dispose()


@pytest.fixture
def uploads(database: AsyncEngine) -> SqlUploads:
    return SqlUploads(database)


@pytest.fixture
def library(database: AsyncEngine) -> SqlLibrary:
    return SqlLibrary(database)


async def test_an_upload_is_begun_once_and_found_by_its_owner(uploads: SqlUploads) -> None:
    upload = an_upload(uuid4())
    await uploads.begin(upload, ROOM, None)
    await uploads.begin(upload, ROOM, None)
    assert await uploads.find(upload.media_id, upload.owner_id) == upload
    with pytest.raises(NotFoundError):
        await uploads.find(upload.media_id, uuid4())


async def test_the_id_of_another_cannot_be_taken(uploads: SqlUploads) -> None:
    mine, stored = an_upload(uuid4()), a_media(uuid4())
    await uploads.begin(mine, ROOM, None)
    await uploads.accept(stored, ROOM, None)
    for taken in (mine.media_id, stored.view.id):
        other = an_upload(uuid4())
        with pytest.raises(ConflictError):
            await uploads.begin(type(other)(taken, other.owner_id, 1, NOW), ROOM, None)


async def test_stored_and_promised_bytes_count_against_the_quota(uploads: SqlUploads) -> None:
    owner = uuid4()
    await uploads.accept(a_media(owner, size_bytes=400), ROOM, None)
    await uploads.begin(an_upload(owner, 400), ROOM, None)
    with pytest.raises(ForbiddenError) as full:
        await uploads.begin(an_upload(owner, 201), ROOM, None)
    assert full.value.code == "storage_quota"
    await uploads.begin(an_upload(owner, 200), ROOM, None)


async def test_a_promise_lasts_as_long_as_its_url(uploads: SqlUploads) -> None:
    owner = uuid4()
    await uploads.begin(an_upload(owner, ROOM), ROOM, None)
    await uploads.begin(an_upload(owner, ROOM, NOW + timedelta(minutes=16)), ROOM, None)


async def test_uploads_begun_at_once_do_not_slip_past_the_quota(uploads: SqlUploads) -> None:
    owner = uuid4()
    begun = [uploads.begin(an_upload(owner, 400), ROOM, None) for _ in range(5)]
    outcomes = await asyncio.gather(*begun, return_exceptions=True)
    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 2


async def test_more_bytes_than_promised_are_refused_in_the_end(uploads: SqlUploads) -> None:
    with pytest.raises(ForbiddenError):
        await uploads.accept(a_media(uuid4(), size_bytes=ROOM + 1), ROOM, None)


async def test_a_refusal_is_remembered(uploads: SqlUploads) -> None:
    upload, refusal = an_upload(uuid4()), ErrorBody(code="media_refused", message="No.")
    await uploads.begin(upload, ROOM, None)
    await uploads.refuse(upload.media_id, refusal)
    assert (await uploads.find(upload.media_id, upload.owner_id)).refusal == refusal


async def test_a_media_is_kept_once(uploads: SqlUploads, library: SqlLibrary) -> None:
    upload = an_upload(uuid4())
    first = a_media(upload.owner_id, media_id=upload.media_id, key="blobs/1")
    await uploads.begin(upload, ROOM, None)
    repeated = a_media(upload.owner_id, media_id=upload.media_id, key="blobs/2", blake3="bb")
    outcomes = await asyncio.gather(*(uploads.accept(k, ROOM, None) for k in (first, repeated)))
    assert outcomes[0] == outcomes[1] == await library.get(upload.media_id)
    with pytest.raises(NotFoundError):
        await uploads.find(upload.media_id, upload.owner_id)


async def test_the_same_bytes_are_stored_once_for_an_owner(uploads: SqlUploads) -> None:
    owner = uuid4()
    one = await uploads.accept(a_media(owner, size_bytes=ROOM, blake3="same"), ROOM, None)
    two = await uploads.accept(a_media(owner, size_bytes=ROOM, blake3="same"), ROOM, None)
    other = await uploads.accept(a_media(uuid4(), size_bytes=ROOM, blake3="same"), ROOM, None)
    assert one.view.id != two.view.id
    assert one.key == two.key != other.key


async def test_media_are_found_in_the_order_asked_and_by_their_owner_only(
    uploads: SqlUploads, library: SqlLibrary
) -> None:
    owner = uuid4()
    mine = [await uploads.accept(a_media(owner), ROOM, None) for _ in range(3)]
    others = await uploads.accept(a_media(uuid4()), ROOM, None)
    asked = [mine[2].view.id, others.view.id, mine[0].view.id, mine[2].view.id]
    assert await library.find(asked, owner) == [mine[2], mine[0]]
    assert await library.find([], owner) == []


async def test_an_idempotency_key_makes_one_media(uploads: SqlUploads) -> None:
    owner = uuid4()
    first = await uploads.accept(a_media(owner), ROOM, KEY)
    assert await uploads.accept(a_media(owner, blake3="bb"), ROOM, KEY) == first
    assert await uploads.replayed(owner, KEY) == first
    assert await uploads.replayed(uuid4(), KEY) is None
    with pytest.raises(ConflictError) as reused:
        await uploads.replayed(owner, IdempotencyKey(key="k", body_digest="other"))
    assert reused.value.code == "idempotency_key_reused"


async def test_an_idempotency_key_begins_one_upload(uploads: SqlUploads) -> None:
    first, second = an_upload(uuid4()), an_upload(uuid4())
    again = an_upload(first.owner_id)
    assert await uploads.begin(first, ROOM, KEY) == first.media_id
    assert await uploads.begin(again, 0, KEY) == first.media_id
    with pytest.raises(ForbiddenError):
        await uploads.begin(again, 0, None)
    assert await uploads.begin(second, ROOM, KEY) == second.media_id
    await uploads.accept(a_media(first.owner_id, media_id=first.media_id), ROOM, None)
    assert await uploads.begin(again, ROOM, KEY) == first.media_id
    with pytest.raises(ConflictError):
        await uploads.begin(again, ROOM, IdempotencyKey(key="k", body_digest="other"))


async def test_a_key_whose_media_is_gone_makes_another(
    uploads: SqlUploads, database: AsyncEngine
) -> None:
    owner = uuid4()
    first = await uploads.accept(a_media(owner), ROOM, KEY)
    await drop_media(database, first.view.id)
    assert await uploads.replayed(owner, KEY) is None
    second = await uploads.accept(a_media(owner), ROOM, KEY)
    assert second.view.id != first.view.id
    assert await uploads.replayed(owner, KEY) == second


async def test_old_rows_are_forgotten_and_contents_in_use_are_not(
    uploads: SqlUploads, library: SqlLibrary, database: AsyncEngine
) -> None:
    used, begun, deletions = (
        a_media(uuid4()),
        an_upload(uuid4()),
        SqlDeletions(database, lambda: None),
    )
    await uploads.accept(used, ROOM, KEY)
    await uploads.begin(begun, ROOM, None)
    await deletions.delete_unused_rows(NOW + DAY)

    assert await library.get(used.view.id) == used
    assert await uploads.replayed(used.view.owner_id, KEY) is None
    with pytest.raises(NotFoundError):
        await uploads.find(begun.media_id, begun.owner_id)
    assert await deletions.unreferenced([used.key, "blobs/none"]) == ["blobs/none"]


async def test_contents_of_deleted_media_are_forgotten_after_a_day(
    uploads: SqlUploads, database: AsyncEngine
) -> None:
    stored, deletions = a_media(uuid4()), SqlDeletions(database, lambda: None)
    await uploads.accept(stored, ROOM, None)
    await drop_media(database, stored.view.id)
    await deletions.delete_unused_rows(NOW - DAY)
    assert await deletions.unreferenced([stored.key]) == []
    await deletions.delete_unused_rows(NOW + DAY)
    assert await deletions.unreferenced([stored.key]) == [stored.key]


async def drop_media(database: AsyncEngine, media_id: UUID) -> None:
    async with database.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM media WHERE id = $1", (media_id,))
