"""Looking into contents, step by step."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from contracts.errors import UnavailableError
from media.domain.inspection import Bounds
from media.domain.records import Prepared, Thumbnail, Unprepared
from media.handlers.once import Once
from media.handlers.preparing import Darkroom, prepare, prepare_waiting
from media.handlers.uploads import UploadLimits

from .adapters.records import NOW
from .fakes import FakeStore, FakeWorkshop, bench

GOOD = b"good"


class FakePreviews:
    def __init__(self, *contents: Unprepared) -> None:
        self.contents = list(contents)
        self.seen: dict[str, Prepared] = {}
        self.is_there = True

    async def claim(self, now: datetime, limit: int) -> list[Unprepared]:  # noqa: ARG002
        claimed, self.contents = self.contents[:limit], self.contents[limit:]
        return claimed

    async def waiting(self, owner_id: UUID, blake3: str) -> Unprepared | None:
        found = (c for c in self.contents if (c.owner_id, c.blake3) == (owner_id, blake3))
        return next(found, None)

    async def tell(self, content: Unprepared, seen: Prepared, now: datetime) -> bool:  # noqa: ARG002
        self.seen[content.key] = seen
        return self.is_there

    async def thumbnails(self, owner_id: UUID, blake3: str) -> dict[int, Thumbnail]:  # noqa: ARG002
        return {}


def a_content(
    data: bytes = GOOD, *, key: str = "blobs/1", content_type: str = "image/png", blake3: str = ""
) -> Unprepared:
    return Unprepared(uuid4(), blake3 or data.hex(), key, len(data), content_type)


def a_room(store: FakeStore, previews: FakePreviews) -> Darkroom:
    limits = UploadLimits(max_bytes=100, bounds=Bounds(100, 10))
    return Darkroom(previews, store, FakeWorkshop(), bench, lambda: NOW, limits, Once[None](2))


async def test_thumbnails_are_in_the_store_before_they_are_told_of() -> None:
    store, previews = FakeStore({"blobs/1": GOOD}), FakePreviews(a_content())
    await prepare_waiting(a_room(store, previews))
    seen = previews.seen["blobs/1"]
    assert (seen.frame_count, seen.width, seen.height, seen.placeholder) == (1, 4, 3, "data:")
    assert [store.objects[thumbnail.key] for thumbnail in seen.thumbnails] == [b"small"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (a_content(b"bad"), "unreadable"),
        (a_content(key="blobs/gone"), "object_missing"),
        (a_content(blake3="another"), "digest_mismatch"),
        (a_content(content_type="model/gltf-binary"), None),
    ],
)
async def test_what_cannot_be_shown_is_told_with_its_reason(
    content: Unprepared, problem: str | None
) -> None:
    data = b"bad" if content.blake3 == b"bad".hex() else GOOD
    store, previews = FakeStore({"blobs/1": data}), FakePreviews(content)
    await prepare_waiting(a_room(store, previews))
    assert previews.seen[content.key] == Prepared(problem=problem)


async def test_a_store_that_is_away_puts_one_off_and_not_the_others() -> None:
    store = FakeStore({"blobs/1": GOOD})
    store.away = UnavailableError("away")
    previews = FakePreviews(a_content(), a_content(key="x", content_type="text/plain"))
    await prepare_waiting(a_room(store, previews))
    assert set(previews.seen) == {"x"}


async def test_thumbnails_that_nobody_wants_any_more_are_deleted() -> None:
    store, previews = FakeStore({"blobs/1": GOOD}), FakePreviews()
    previews.is_there = False
    await prepare(a_room(store, previews), a_content())
    assert set(store.objects) == {"blobs/1"}
