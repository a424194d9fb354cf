"""Tests each step from an upload to a media."""

from uuid import UUID, uuid4

import pytest

from contracts.access import Actor, IdempotencyKey
from contracts.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from contracts.media.files import AcceptUpload, BeginUpload
from media.domain.names import incoming_key
from media.handlers.uploads import accept_upload, begin_upload

from .adapters.records import an_actor, an_upload
from .fake_store import FakeStore
from .fakes import FakeSandbox, FakeUploads, a_media


class Scene:
    """One upload of one actor, already put."""

    def __init__(self, data: bytes = b"good", sandbox: FakeSandbox | None = None) -> None:
        self.actor: Actor = an_actor()
        self.uploads = FakeUploads()
        self.sandbox = sandbox or FakeSandbox()
        self.media_id = self.upload()
        self.store = FakeStore({incoming_key(self.media_id): data})
        self.media = a_media(store=self.store, uploads=self.uploads, sandbox=self.sandbox)

    def upload(self) -> UUID:
        upload = an_upload(self.actor.user_id)
        self.uploads.uploads[upload.media_id] = upload
        return upload.media_id

    def accept(self, media_id: UUID | None = None, key: str | None = None) -> AcceptUpload:
        return AcceptUpload(
            actor=self.actor,
            media_id=media_id or self.media_id,
            kind="image",
            filename="../a.png",
            idempotency=IdempotencyKey(key=key, body_digest="d") if key else None,
        )


async def test_a_place_is_given_for_no_more_than_may_be_uploaded() -> None:
    scene, media_id = Scene(), uuid4()
    command = BeginUpload(actor=scene.actor, media_id=media_id, size_bytes=100)
    target = await begin_upload(scene.media, command)
    assert target.url.startswith(f"put:incoming/{media_id}")
    with pytest.raises(InvalidError) as refused:
        await begin_upload(scene.media, command.model_copy(update={"size_bytes": 101}))
    assert [error.code for error in refused.value.errors] == ["too_big"]


async def test_what_is_kept_lies_where_no_url_can_write() -> None:
    scene = Scene()
    view = await accept_upload(scene.media, scene.accept())
    assert view.filename == "a.png"
    assert list(scene.store.objects) == [scene.uploads.accepted[scene.media_id].key]
    assert scene.uploads.accepted[scene.media_id].key.startswith(f"blobs/{scene.actor.user_id}/")


async def test_a_changed_file_replaces_the_copy() -> None:
    scene = Scene(sandbox=FakeSandbox(changes=True))
    await accept_upload(scene.media, scene.accept())
    assert list(scene.store.objects.values()) == [b"GOOD"]


async def test_a_refused_file_is_deleted_and_its_refusal_repeated() -> None:
    scene = Scene(b"evil")
    for _ in range(2):
        with pytest.raises(InvalidError) as refused:
            await accept_upload(scene.media, scene.accept())
        assert [(e.path, e.code) for e in refused.value.errors] == [("file", "unreadable")]
    assert scene.store.objects == {}
    assert len(scene.sandbox.seen) == 1


async def test_a_file_bigger_than_allowed_is_not_even_copied() -> None:
    scene = Scene(b"good" * 26)
    with pytest.raises(InvalidError) as refused:
        await accept_upload(scene.media, scene.accept())
    assert refused.value.errors[0].code == "too_big"
    assert scene.sandbox.seen == []


async def test_the_same_content_leaves_no_second_object() -> None:
    scene = Scene()
    first = await accept_upload(scene.media, scene.accept())
    second = scene.upload()
    scene.store.objects[incoming_key(second)] = b"good"
    await accept_upload(scene.media, scene.accept(second))
    assert list(scene.store.objects) == [scene.uploads.accepted[first.id].key]


async def test_a_replayed_upload_answers_with_the_first_media() -> None:
    scene = Scene()
    first = await accept_upload(scene.media, scene.accept(key="k"))
    second = scene.upload()
    scene.store.objects[incoming_key(second)] = b"good"
    assert await accept_upload(scene.media, scene.accept(second, key="k")) == first
    assert incoming_key(second) not in scene.store.objects
    assert second not in scene.uploads.uploads, "it counts against the quota"


async def test_nothing_put_is_nothing_found() -> None:
    scene = Scene()
    scene.store.objects.clear()
    with pytest.raises(NotFoundError) as missing:
        await accept_upload(scene.media, scene.accept())
    assert missing.value.code == "nothing_uploaded"


async def test_another_replica_that_was_faster_answers_for_both() -> None:
    scene = Scene()
    view = await accept_upload(scene.media, scene.accept())
    kept = scene.uploads.accepted.pop(scene.media_id)

    class Late(FakeStore):
        async def size(self, key: str) -> int:
            scene.uploads.accepted[scene.media_id] = kept
            return await super().size(key)

    late = a_media(store=Late(), uploads=scene.uploads)
    assert await accept_upload(late, scene.accept()) == view


async def test_over_the_quota_only_the_copy_is_deleted() -> None:
    scene = Scene()
    scene.uploads.fails = ForbiddenError("full", code="storage_quota")
    with pytest.raises(ForbiddenError):
        await accept_upload(scene.media, scene.accept())
    assert list(scene.store.objects) == [incoming_key(scene.media_id)]


async def test_a_commit_of_unknown_outcome_deletes_nothing() -> None:
    scene = Scene()
    scene.uploads.fails = UnavailableError("was it stored?")
    with pytest.raises(UnavailableError):
        await accept_upload(scene.media, scene.accept())
    assert len(scene.store.objects) == 2


async def test_a_store_that_is_away_refuses_nothing_for_good() -> None:
    scene = Scene()
    scene.store.away = UnavailableError("away")
    with pytest.raises(UnavailableError):
        await accept_upload(scene.media, scene.accept())
    scene.store.away = None
    assert (await accept_upload(scene.media, scene.accept())).id == scene.media_id


async def test_a_kept_media_is_answered_though_its_leftovers_stay() -> None:
    class Stuck(FakeStore):
        async def remove(self, keys: object) -> None:  # noqa: ARG002
            raise UnavailableError("away")

    scene = Scene()
    stuck = a_media(store=Stuck(scene.store.objects), uploads=scene.uploads)
    assert (await accept_upload(stuck, scene.accept())).id == scene.media_id
