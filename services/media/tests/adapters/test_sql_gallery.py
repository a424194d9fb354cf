"""Previews, deletion, retention and links on a real Postgres."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, NotFoundError
from contracts.media.library import LinkView
from media.adapters.sql.deletions import SqlDeletions
from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.previews import MAX_TRIES, SqlPreviews
from media.adapters.sql.tables import BLOBS, RENDITIONS
from media.adapters.sql.uploads import SqlUploads
from media.domain.inspection import BlobPreview, Thumbnail
from media.domain.records import RetentionAges, StoredMedia
from runtime.postgres.engine import sqlalchemy_url
from runtime.testing.ports import eventually
from runtime.testing.postgres import CLOCK_JUMPED_AHEAD, PostgresServer

from .records import NOW, a_media

DAY = timedelta(days=1)
OWNER = uuid4()
SMALL = Thumbnail(256, "image/webp", 5, "digest", "renditions/o/1")
SEEN = BlobPreview(3, 40, 30, placeholder="data:", thumbnails=(SMALL,))


class Database:
    """The ports of media on one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.uploads = SqlUploads(engine)
        self.library = SqlLibrary(engine)
        self.previews = SqlPreviews(engine)
        self.deletions = SqlDeletions(engine, lambda: None)

    async def keep(self, owner_id: UUID | None = None, **more: Any) -> StoredMedia:
        media = a_media(owner_id or uuid4(), **more)
        return await self.uploads.accept(media, 10**9, None)

    async def share(
        self, link: LinkView, most: int = 2, key: IdempotencyKey | None = None
    ) -> LinkView:
        return await self.library.add_link(link, most, OWNER, key)

    async def remove(self, media: StoredMedia, owner_id: UUID | None = None) -> list[str]:
        owner_id = owner_id or media.view.owner_id
        return await self.deletions.delete(media.view.id, owner_id, NOW, "asked")


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncGenerator[Database, None]:
    engine = create_async_engine(sqlalchemy_url(await postgres.database_for("media")))
    yield Database(engine)
    await engine.dispose()


async def test_a_content_is_claimed_by_one_and_again_later_and_less_often(
    database: Database,
) -> None:
    await database.keep()
    claims = await asyncio.gather(*(database.previews.take_tasks(NOW, 4) for _ in range(4)))
    assert sorted(map(len, claims)) == [0, 0, 0, 1]
    assert await database.previews.take_tasks(NOW + timedelta(seconds=29), 4) == []
    assert len(await database.previews.take_tasks(NOW + timedelta(seconds=30), 4)) == 1
    assert await database.previews.take_tasks(NOW + timedelta(seconds=80), 4) == []


async def test_a_content_that_cannot_be_prepared_is_given_up(database: Database) -> None:
    await database.keep()
    claimed = 0
    for day in range(MAX_TRIES + 5):
        claimed += len(await database.previews.take_tasks(NOW + day * DAY, 4))
    assert claimed == MAX_TRIES


async def test_what_was_seen_is_told_once_and_shown(database: Database) -> None:
    media = await database.keep()
    [content] = await database.previews.take_tasks(NOW, 4)
    assert await database.previews.complete(content, SEEN, NOW)
    assert not await database.previews.complete(content, SEEN, NOW)
    view = (await database.library.find([media.view.id], media.view.owner_id))[0].view
    assert (view.frame_count, view.placeholder) == (3, "data:")
    owner_id, blake3 = media.view.owner_id, media.view.blake3
    assert await database.previews.thumbnails(owner_id, blake3) == {256: SMALL}
    assert await database.previews.find_task(owner_id, blake3) is None
    assert await database.previews.take_tasks(NOW + DAY, 4) == []


async def test_nothing_is_told_of_what_was_deleted_meanwhile(database: Database) -> None:
    media = await database.keep()
    [content] = await database.previews.take_tasks(NOW, 4)
    await database.remove(media)
    assert not await database.previews.complete(content, SEEN, NOW)


async def test_the_last_media_takes_content_and_thumbnails_with_it(database: Database) -> None:
    owner = uuid4()
    one, two = await database.keep(owner), await database.keep(owner)
    [content] = await database.previews.take_tasks(NOW, 4)
    await database.previews.complete(content, SEEN, NOW)
    assert await database.deletions.unreferenced([SMALL.key, one.key, "x"]) == ["x"]
    assert await database.remove(one) == []
    with pytest.raises(NotFoundError):
        await database.remove(two, uuid4())
    keys = await database.remove(two)
    assert sorted(keys) == sorted([one.key, SMALL.key])
    assert sorted(await database.deletions.waiting_keys(NOW, 9)) == sorted(keys)
    await database.deletions.confirm(keys)
    assert await database.deletions.waiting_keys(NOW, 9) == []
    assert await database.library.storage(owner) == (0, {})


async def test_thumbnails_that_come_while_their_media_goes_are_deleted_too(
    database: Database,
) -> None:
    media = await database.keep()
    blob = {"owner_id": media.view.owner_id, "blake3": media.view.blake3}
    locks = text("SELECT count(*) FROM pg_locks WHERE NOT granted")

    async def is_waiting() -> bool:
        async with database.engine.connect() as other:
            return bool((await other.execute(locks)).scalar())

    async with database.engine.begin() as completing:
        await completing.execute(update(BLOBS).values(prepared_at=NOW))
        await completing.execute(insert(RENDITIONS), [asdict(SMALL) | blob])
        removing = asyncio.create_task(database.remove(media))
        await eventually(is_waiting)

    assert sorted(await removing) == sorted([media.key, SMALL.key])


async def test_content_is_not_lost_to_an_upload_of_the_same_at_the_same_time(
    database: Database,
) -> None:
    owner = uuid4()
    for _ in range(10):
        first = await database.keep(owner, blake3="same")
        removed = database.remove(first)
        _, second = await asyncio.gather(removed, database.keep(owner, blake3="same"))
        [found] = await database.library.find([second.view.id], owner)
        doomed = await database.deletions.waiting_keys(NOW, 100)
        assert found.key not in doomed
        await database.remove(second)
        await database.deletions.confirm(await database.deletions.waiting_keys(NOW, 100))


async def test_age_ends_what_nobody_favors_or_dated(database: Database) -> None:
    plain, favorite, dated, over = [await database.keep() for _ in range(4)]
    await change(database, favorite, is_favorite=True)
    await change(database, dated, expires_at=NOW + 90 * DAY)
    await change(database, over, expires_at=NOW + DAY, is_favorite=True)
    ages = RetentionAges(uploads=30 * DAY)

    async def ended(when: datetime, rule: RetentionAges) -> set[UUID]:
        return {media_id for media_id, _ in await database.deletions.expired(when, rule, 10)}

    assert await ended(NOW + 29 * DAY, ages) == {over.view.id}
    assert await ended(NOW + 31 * DAY, ages) == {over.view.id, plain.view.id}
    assert await ended(NOW + 31 * DAY, RetentionAges(results=DAY)) == {over.view.id}
    assert await ended(NOW + 91 * DAY, RetentionAges()) == {over.view.id, dated.view.id}


async def test_the_time_of_deletions_does_not_follow_a_jump_at_once(database: Database) -> None:
    before = await database.deletions.now()
    async with database.engine.begin() as connection:
        await connection.execute(text(CLOCK_JUMPED_AHEAD))

    assert await database.deletions.now() < before - 365 * DAY


async def change(database: Database, media: StoredMedia, **changes: Any) -> None:
    await database.library.change(media.view.id, media.view.owner_id, changes)


def a_link(media_id: UUID, until: datetime = NOW + DAY) -> LinkView:
    return LinkView(id=uuid4(), media_id=media_id, created_at=NOW, expires_at=until)


async def test_a_link_is_over_in_time_and_with_its_media(database: Database) -> None:
    media = await database.keep()
    link = await database.share(a_link(media.view.id), 2)
    assert await database.library.is_link_open(link.id, media.view.id, NOW)
    assert not await database.library.is_link_open(link.id, uuid4(), NOW)
    assert not await database.library.is_link_open(link.id, media.view.id, NOW + DAY)
    await database.remove(media)
    assert not await database.library.is_link_open(link.id, media.view.id, NOW)
    with pytest.raises(NotFoundError):
        await database.share(a_link(media.view.id), 2)


async def test_a_media_has_so_many_open_links_and_no_more(database: Database) -> None:
    media, other = await database.keep(), await database.keep()
    old = await database.share(a_link(media.view.id, NOW), 2)
    links = [await database.share(a_link(media.view.id), 2) for _ in range(2)]
    with pytest.raises(ConflictError):
        await database.share(a_link(media.view.id), 2)
    with pytest.raises(ConflictError):
        await database.share(links[0].model_copy(update={"media_id": other.view.id}), 2)
    assert old.id not in {link.id for link in await database.library.open_links(media.view.id, NOW)}
    assert await database.share(links[0], 2) == links[0]


async def test_an_idempotency_key_makes_one_link(database: Database) -> None:
    media, key = await database.keep(), IdempotencyKey(key="k", body_digest="digest")
    made = await database.share(a_link(media.view.id), key=key)
    assert await database.share(a_link(media.view.id), key=key) == made
    with pytest.raises(ConflictError) as reused:
        await database.share(
            a_link(media.view.id), key=IdempotencyKey(key="k", body_digest="another")
        )
    assert reused.value.code == "idempotency_key_reused"
    await database.library.remove_link(made.id, media.view.id)
    assert await database.share(a_link(media.view.id), key=key) != made
