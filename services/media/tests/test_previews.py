"""Tests each step of making previews."""

from uuid import uuid4

import pytest

from contracts.errors import UnavailableError
from media.domain.inspection import BlobPreview
from media.domain.records import PreviewTask
from media.handlers.previews import prepare, prepare_previews

from .fake_store import FakeStore
from .fakes import FakePreviews, a_media

GOOD = b"good"


def a_content(
    data: bytes = GOOD, *, key: str = "blobs/1", content_type: str = "image/png", blake3: str = ""
) -> PreviewTask:
    return PreviewTask(uuid4(), blake3 or data.hex(), key, content_type)


async def test_thumbnails_are_in_the_store_before_they_are_told_of() -> None:
    store, previews = FakeStore({"blobs/1": GOOD}), FakePreviews(a_content())
    await prepare_previews(a_media(store=store, previews=previews))
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
    content: PreviewTask, problem: str | None
) -> None:
    data = b"bad" if content.blake3 == b"bad".hex() else GOOD
    store, previews = FakeStore({"blobs/1": data}), FakePreviews(content)
    await prepare_previews(a_media(store=store, previews=previews))
    assert previews.seen[content.key] == BlobPreview(problem=problem)


async def test_a_store_that_is_away_puts_one_off_and_not_the_others() -> None:
    store = FakeStore({"blobs/1": GOOD})
    store.away = UnavailableError("away")
    previews = FakePreviews(a_content(), a_content(key="x", content_type="text/plain"))
    await prepare_previews(a_media(store=store, previews=previews))
    assert set(previews.seen) == {"x"}


async def test_thumbnails_that_nobody_wants_any_more_are_deleted() -> None:
    store, previews = FakeStore({"blobs/1": GOOD}), FakePreviews()
    previews.is_there = False
    await prepare(a_media(store=store, previews=previews), a_content())
    assert set(store.objects) == {"blobs/1"}
