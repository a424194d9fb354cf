"""The gallery, thumbnails, links and deletion through media as a whole."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from PIL import PngImagePlugin

from contracts.access import Actor
from contracts.errors import ForbiddenError, InvalidError, NotFoundError
from contracts.media.files import AcceptUpload, FindMedia, LocateContent, MediaView
from contracts.media.library import (
    DeleteMedia,
    FindStorage,
    ListLinks,
    ListMedia,
    RevokeLink,
    ShareMedia,
    UpdateMedia,
)
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.pictures import a_picture, decoded, encoded
from .adapters.records import a_grant, an_actor
from .fleet import Fleet, media, objects


async def listed(fleet: Fleet, actor: Actor, **asked: object) -> list[UUID]:
    query = ListMedia.model_validate({"actor": actor, **asked})
    return [item.id for item in (await fleet.gateway.call(query)).items]


async def shown(fleet: Fleet, actor: Actor, media_id: UUID) -> MediaView:
    return (await fleet.gateway.call(FindMedia(actor=actor, media_ids=[media_id]))).items[0]


async def test_a_result_gets_thumbnails_and_a_placeholder_by_itself(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id = an_actor(), uuid4()
        grant = a_grant(node_id=node_id, owner_id=actor.user_id)
        [output] = await fleet.results(grant, node_id, encoded(a_picture((700, 300))))

        async def is_prepared() -> bool:
            return (await shown(fleet, actor, output.media_id)).placeholder is not None

        await eventually(is_prepared)
        view = await shown(fleet, actor, output.media_id)
        assert view.frame_count == 1
        assert (view.placeholder or "").startswith("data:image/webp;base64,")
        assert len(view.placeholder or "") < 400
        sizes = {w: decoded(await fleet.content(actor, view.id, w)).size for w in (200, 512, 1024)}
        assert sizes == {200: (256, 110), 512: (512, 219), 1024: (700, 300)}


async def test_a_thumbnail_that_is_wanted_at_once_is_made_at_once(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor = an_actor()
        image = await fleet.image(actor, encoded(a_picture((300, 200))))
        asked = LocateContent(actor=actor, media_id=image.id, width=256)
        located = await fleet.gateway.call(asked, within=20)
        assert located.rendition is not None
        assert located.rendition.content_type == "image/webp"
        assert len((await fleet.web.get(located.url)).content) == located.rendition.size_bytes


async def test_what_is_no_picture_has_no_thumbnail(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor = an_actor()
        media_id = await fleet.upload(actor, b"words")
        await fleet.accept(AcceptUpload(actor=actor, media_id=media_id, kind="file"))
        with pytest.raises(NotFoundError) as none:
            await fleet.content(actor, media_id, 256)
        assert none.value.code == "no_thumbnail"


async def test_the_gallery_finds_by_workflow_label_word_and_favor(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id = an_actor(), uuid4()
        grant = a_grant(
            node_id=node_id,
            owner_id=actor.user_id,
            workflow="sky@2",
            labels={"for": "a 50% poster"},
        )
        [made] = await fleet.results(grant, node_id, encoded(a_picture()))
        upload = await fleet.image(actor, encoded(a_picture((9, 9))))
        await fleet.image(an_actor(), encoded(a_picture()))
        change = {"is_favorite": True, "filename": "a/holiday.png", "labels": {"for": "me"}}
        changed = await fleet.gateway.call(
            UpdateMedia.model_validate({"actor": actor, "media_id": upload.id, **change})
        )

        assert (changed.is_favorite, changed.filename) == (True, "holiday.png")
        assert await listed(fleet, actor) == [upload.id, made.media_id]
        for asked in (
            {"workflow": "sky"},
            {"workflow": "sky@2"},
            {"label": "for=a 50% poster"},
            {"text": "50% POST"},
            {"is_favorite": False},
            {"text": "picture_0"},
        ):
            assert await listed(fleet, actor, **asked) == [made.media_id], asked
        for asked in ({"is_favorite": True}, {"text": "HOLIDAY"}, {"label": "for=me"}):
            assert await listed(fleet, actor, **asked) == [upload.id], asked
        for asked in ({"workflow": "sk"}, {"kind": ["video"]}, {"text": "5_%"}):
            assert await listed(fleet, actor, **asked) == [], asked


async def test_pages_follow_each_other_without_gap_or_repeat(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id = an_actor(), uuid4()
        grant = a_grant(node_id=node_id, owner_id=actor.user_id)
        made = await fleet.results(grant, node_id, *(bytes([n]) for n in range(5)))
        seen: list[UUID] = []
        cursor = None
        for _ in range(3):
            query = ListMedia(actor=actor, limit=2, cursor=cursor)
            page = await fleet.gateway.call(query)
            seen += [item.id for item in page.items]
            cursor = page.next_cursor

        assert cursor is None
        assert len(seen) == len(set(seen)) == 5
        assert set(seen) == {output.media_id for output in made}
        with pytest.raises(InvalidError):
            await fleet.gateway.call(ListMedia(actor=actor, cursor="nonsense"))


async def test_deletion_leaves_nothing_behind_but_what_others_have(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, data = an_actor(), encoded(a_picture((300, 300)))
        one, two = await fleet.image(actor, data), await fleet.image(actor, data)
        await fleet.content(actor, one.id, 256)
        before = await fleet.gateway.call(FindStorage(actor=actor))
        with pytest.raises(NotFoundError):
            await fleet.gateway.call(DeleteMedia(actor=an_actor(), media_id=one.id))
        await fleet.gateway.call(DeleteMedia(actor=actor, media_id=one.id))
        kept = await fleet.content(actor, two.id)
        await fleet.gateway.call(DeleteMedia(actor=actor, media_id=two.id))
        after = await fleet.gateway.call(FindStorage(actor=actor))

        assert (before.media_count, before.stored_bytes) == (2, len(kept))
        assert before.media_count_by_kind == {"image": 2}
        assert (after.media_count, after.stored_bytes) == (0, 0)
        assert objects(s3, actor.user_id) == set()
        with pytest.raises(NotFoundError):
            await fleet.content(None, two.id)


async def test_a_link_opens_until_it_is_revoked(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor = an_actor()
        image = await fleet.image(actor, encoded(a_picture()))
        share = ShareMedia(actor=actor, media_id=image.id, link_id=uuid4(), lifetime_seconds=60)
        link = await fleet.gateway.call(share)
        again = await fleet.gateway.call(share)
        by_link = LocateContent(actor=None, media_id=image.id, link_id=link.id)
        await fleet.gateway.call(by_link)
        shown = await fleet.gateway.call(ListLinks(actor=actor, media_id=image.id))
        revoke = RevokeLink(actor=actor, media_id=image.id, link_id=link.id)
        with pytest.raises(NotFoundError):
            await fleet.gateway.call(revoke.model_copy(update={"actor": an_actor()}))
        await fleet.gateway.call(revoke)

        assert again == link
        assert shown.items == [link]
        with pytest.raises(ForbiddenError) as over:
            await fleet.gateway.call(by_link)
        assert over.value.code == "link_expired"
        with pytest.raises(NotFoundError):
            await fleet.gateway.call(share.model_copy(update={"actor": an_actor()}))


async def test_media_go_when_their_time_is_over(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    actor, data = an_actor(), encoded(a_picture())
    async with media(nats, postgres, s3) as fleet:
        image = await fleet.image(actor, data)
        stays = await fleet.image(actor, encoded(a_picture((5, 5))))
        past = datetime.now(UTC) - timedelta(seconds=1)
        for media_id, when in ((image.id, past), (stays.id, past), (stays.id, "never")):
            change = {"actor": actor, "media_id": media_id, "expires_at": when}
            await fleet.gateway.call(UpdateMedia.model_validate(change))
        database = fleet.database
    async with media(nats, postgres, s3, database=database) as fleet:

        async def is_gone() -> bool:
            return await listed(fleet, actor) == [stays.id]

        await eventually(is_gone)
        await eventually(lambda: blobs(s3, actor.user_id) == 1)


def blobs(s3: S3Server, owner_id: UUID) -> int:
    return sum(name.startswith("blobs/") for name in objects(s3, owner_id))


async def test_results_are_made_bare_for_those_who_may_not_see_graphs(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id, picture = an_actor(), uuid4(), a_picture()
        data = with_prompt(encoded(picture))
        bare = a_grant(node_id=node_id, owner_id=actor.user_id, is_bare=True)
        whole = a_grant(node_id=node_id, owner_id=actor.user_id)
        [first, text] = await fleet.results(bare, node_id, data, b"prompt")
        [again, _] = await fleet.results(bare, node_id, data, b"prompt")
        [kept] = await fleet.results(whole, node_id, data)
        content = await fleet.content(actor, first.media_id)

        assert b"a secret prompt" not in content
        assert decoded(content).tobytes() == picture.tobytes()
        assert first.size_bytes == len(content)
        assert first == again
        assert await fleet.content(actor, text.media_id) == b"prompt"
        assert await fleet.content(actor, kept.media_id) == data


def with_prompt(png: bytes) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", "a secret prompt")
    return encoded(decoded(png), pnginfo=info)
