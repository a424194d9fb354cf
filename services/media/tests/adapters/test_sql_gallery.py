"""Previews, deletion, retention and links on a real Postgres."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contracts.access import IdempotencyKey
from contracts.errors import ConflictError, NotFoundError
from contracts.media.library import LinkView
from media.adapters.sql.library import SqlLibrary
from media.adapters.sql.links import SqlLinks
from media.adapters.sql.orphans import SqlOrphans
from media.adapters.sql.previews import MOST_TRIES, SqlPreviews
from media.adapters.sql.removal import SqlRemoval
from media.adapters.sql.uploads import SqlUploads
from media.domain.records import Kept, Prepared, Thumbnail
from media.domain.retention import Ages
from runtime.postgres.engine import sqlalchemy_url
from runtime.testing.postgres import PostgresServer

from .records import NOW, kept

DAY = timedelta(days=1)
OWNER = uuid4()
SMALL = Thumbnail(256, "renditions/o/1", "image/webp", 5, "digest")
SEEN = Prepared(3, 40, 30, placeholder="data:", thumbnails=(SMALL,))


class Shelf:
    """All that is kept, with the parts of media that work on it."""

    def __init__(self, database: AsyncEngine) -> None:
        self.uploads = SqlUploads(database)
        self.library = SqlLibrary(database)
        self.previews = SqlPreviews(database)
        self.removal = SqlRemoval(database, lambda: None)
        self.links = SqlLinks(database)
        self.orphans = SqlOrphans(database)

    async def keep(self, owner_id: UUID | None = None, **more: Any) -> Kept:
        return await self.uploads.keep(kept(owner_id or uuid4(), **more), 10**9, None)

    async def share(
        self, link: LinkView, most: int = 2, key: IdempotencyKey | None = None
    ) -> LinkView:
        return await self.links.add(link, most, OWNER, key)

    async def remove(self, medium: Kept, owner_id: UUID | None = None) -> list[str]:
        owner_id = owner_id or medium.view.owner_id
        return await self.removal.remove(medium.view.id, owner_id, NOW, "asked")


@pytest.fixture
async def shelf(postgres: PostgresServer) -> AsyncGenerator[Shelf, None]:
    engine = create_async_engine(sqlalchemy_url(await postgres.database_for("media")))
    yield Shelf(engine)
    await engine.dispose()


async def test_a_content_is_claimed_by_one_and_again_later_and_less_often(shelf: Shelf) -> None:
    await shelf.keep()
    claims = await asyncio.gather(*(shelf.previews.claim(NOW, 4) for _ in range(4)))
    assert sorted(map(len, claims)) == [0, 0, 0, 1]
    assert await shelf.previews.claim(NOW + timedelta(seconds=29), 4) == []
    assert len(await shelf.previews.claim(NOW + timedelta(seconds=30), 4)) == 1
    assert await shelf.previews.claim(NOW + timedelta(seconds=80), 4) == []


async def test_a_content_that_cannot_be_prepared_is_given_up(shelf: Shelf) -> None:
    await shelf.keep()
    claimed = 0
    for day in range(MOST_TRIES + 5):
        claimed += len(await shelf.previews.claim(NOW + day * DAY, 4))
    assert claimed == MOST_TRIES


async def test_what_was_seen_is_told_once_and_shown(shelf: Shelf) -> None:
    medium = await shelf.keep()
    [content] = await shelf.previews.claim(NOW, 4)
    assert await shelf.previews.tell(content, SEEN, NOW)
    assert not await shelf.previews.tell(content, SEEN, NOW)
    view = (await shelf.library.find([medium.view.id], medium.view.owner_id))[0].view
    assert (view.frame_count, view.placeholder) == (3, "data:")
    owner_id, blake3 = medium.view.owner_id, medium.view.blake3
    assert await shelf.previews.thumbnails(owner_id, blake3) == {256: SMALL}
    assert await shelf.previews.waiting(owner_id, blake3) is None
    assert await shelf.previews.claim(NOW + DAY, 4) == []


async def test_nothing_is_told_of_what_was_deleted_meanwhile(shelf: Shelf) -> None:
    medium = await shelf.keep()
    [content] = await shelf.previews.claim(NOW, 4)
    await shelf.remove(medium)
    assert not await shelf.previews.tell(content, SEEN, NOW)


async def test_the_last_medium_takes_content_and_thumbnails_with_it(shelf: Shelf) -> None:
    owner = uuid4()
    one, two = await shelf.keep(owner), await shelf.keep(owner)
    [content] = await shelf.previews.claim(NOW, 4)
    await shelf.previews.tell(content, SEEN, NOW)
    assert await shelf.orphans.unreferenced([SMALL.key, one.key, "x"]) == ["x"]
    assert await shelf.remove(one) == []
    with pytest.raises(NotFoundError):
        await shelf.remove(two, uuid4())
    keys = await shelf.remove(two)
    assert sorted(keys) == sorted([one.key, SMALL.key])
    assert sorted(await shelf.removal.doomed(NOW, 9)) == sorted(keys)
    await shelf.removal.deleted(keys)
    assert await shelf.removal.doomed(NOW, 9) == []
    assert await shelf.library.storage(owner) == (0, {})


async def test_content_is_not_lost_to_an_upload_of_the_same_at_the_same_time(shelf: Shelf) -> None:
    owner = uuid4()
    for _ in range(10):
        first = await shelf.keep(owner, blake3="same")
        removed = shelf.remove(first)
        _, second = await asyncio.gather(removed, shelf.keep(owner, blake3="same"))
        [found] = await shelf.library.find([second.view.id], owner)
        doomed = await shelf.removal.doomed(NOW, 100)
        assert found.key not in doomed
        await shelf.remove(second)
        await shelf.removal.deleted(await shelf.removal.doomed(NOW, 100))


async def test_age_ends_what_nobody_favours_or_dated(shelf: Shelf) -> None:
    plain, favourite, dated, over = [await shelf.keep() for _ in range(4)]
    await change(shelf, favourite, is_favorite=True)
    await change(shelf, dated, expires_at=NOW + 90 * DAY)
    await change(shelf, over, expires_at=NOW + DAY, is_favorite=True)
    ages = Ages(uploads=30 * DAY)

    async def ended(when: datetime, rule: Ages) -> set[UUID]:
        return {media_id for media_id, _ in await shelf.removal.expired(when, rule, 10)}

    assert await ended(NOW + 29 * DAY, ages) == {over.view.id}
    assert await ended(NOW + 31 * DAY, ages) == {over.view.id, plain.view.id}
    assert await ended(NOW + 31 * DAY, Ages(results=DAY)) == {over.view.id}
    assert await ended(NOW + 91 * DAY, Ages()) == {over.view.id, dated.view.id}


async def change(shelf: Shelf, medium: Kept, **changes: Any) -> None:
    await shelf.library.change(medium.view.id, medium.view.owner_id, changes)


def a_link(media_id: UUID, until: datetime = NOW + DAY) -> LinkView:
    return LinkView(id=uuid4(), media_id=media_id, created_at=NOW, expires_at=until)


async def test_a_link_is_over_in_time_and_with_its_medium(shelf: Shelf) -> None:
    medium = await shelf.keep()
    link = await shelf.share(a_link(medium.view.id), 2)
    assert await shelf.links.opens(link.id, medium.view.id, NOW)
    assert not await shelf.links.opens(link.id, uuid4(), NOW)
    assert not await shelf.links.opens(link.id, medium.view.id, NOW + DAY)
    await shelf.remove(medium)
    assert not await shelf.links.opens(link.id, medium.view.id, NOW)
    with pytest.raises(NotFoundError):
        await shelf.share(a_link(medium.view.id), 2)


async def test_a_medium_has_so_many_open_links_and_no_more(shelf: Shelf) -> None:
    medium, other = await shelf.keep(), await shelf.keep()
    old = await shelf.share(a_link(medium.view.id, NOW), 2)
    links = [await shelf.share(a_link(medium.view.id), 2) for _ in range(2)]
    with pytest.raises(ConflictError):
        await shelf.share(a_link(medium.view.id), 2)
    with pytest.raises(ConflictError):
        await shelf.share(links[0].model_copy(update={"media_id": other.view.id}), 2)
    assert old.id not in {link.id for link in await shelf.links.of(medium.view.id, NOW)}
    assert await shelf.share(links[0], 2) == links[0]


async def test_an_idempotency_key_makes_one_link(shelf: Shelf) -> None:
    medium, key = await shelf.keep(), IdempotencyKey(key="k", body_digest="digest")
    made = await shelf.share(a_link(medium.view.id), key=key)
    assert await shelf.share(a_link(medium.view.id), key=key) == made
    with pytest.raises(ConflictError) as reused:
        await shelf.share(
            a_link(medium.view.id), key=IdempotencyKey(key="k", body_digest="another")
        )
    assert reused.value.code == "idempotency_key_reused"
    await shelf.links.drop(made.id, medium.view.id)
    assert await shelf.share(a_link(medium.view.id), key=key) != made
