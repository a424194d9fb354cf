"""Uploads and results through media as a whole."""

from uuid import uuid4

import pytest

from contracts.errors import ForbiddenError, InvalidError, NotFoundError
from contracts.media.attempts import FindInputFiles, FindResults, RecordResults, SignResultUrls
from contracts.media.files import AcceptUpload, FindMedia, MaskOptions
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.pictures import a_picture, decoded, encoded, gray, rows
from .adapters.records import a_grant, a_result, an_actor
from .fleet import media


async def test_an_uploaded_picture_comes_back_with_the_same_pixels(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, picture = an_actor(), a_picture()
        accepted = await fleet.image(actor, encoded(picture))
        again = await fleet.accept(AcceptUpload(actor=actor, media_id=accepted.id, kind="image"))
        content = await fleet.content(actor, accepted.id)
        asked = FindMedia(actor=actor, media_ids=[uuid4(), accepted.id])

        assert (accepted.content_type, accepted.width, accepted.height) == ("image/png", 4, 3)
        assert decoded(content).tobytes() == picture.tobytes()
        assert accepted.size_bytes == len(content)
        assert again == accepted
        assert (await fleet.gateway.call(asked)).items == [accepted]


async def test_another_sees_neither_the_media_nor_its_bytes(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        accepted = await fleet.image(an_actor(), encoded(a_picture()))
        stranger = an_actor()
        found = await fleet.gateway.call(FindMedia(actor=stranger, media_ids=[accepted.id]))

        assert found.items == []
        with pytest.raises(NotFoundError):
            await fleet.content(stranger, accepted.id)
        with pytest.raises(NotFoundError):
            await fleet.accept(AcceptUpload(actor=stranger, media_id=accepted.id, kind="image"))
        assert await fleet.content(None, accepted.id)


async def test_a_refused_upload_says_why_each_time_it_is_asked(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor = an_actor()
        media_id = await fleet.upload(actor, b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        command = AcceptUpload(actor=actor, media_id=media_id, kind="image")
        for _ in range(2):
            with pytest.raises(InvalidError) as refused:
                await fleet.accept(command)
            assert [(e.path, e.code) for e in refused.value.errors] == [("file", "wrong_content")]


async def test_a_mask_takes_the_size_of_its_image(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor = an_actor()
        image = await fleet.image(actor, encoded(a_picture((4, 2))))
        media_id = await fleet.upload(actor, encoded(gray([[0, 255]])))
        options = MaskOptions(image_id=image.id)
        command = AcceptUpload(actor=actor, media_id=media_id, kind="mask", mask=options)
        mask = await fleet.accept(command)

        assert rows(decoded(await fleet.content(actor, mask.id))) == [[0, 0, 255, 255]] * 2


async def test_a_mask_of_an_image_of_another_is_refused(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        image, actor = await fleet.image(an_actor(), encoded(a_picture())), an_actor()
        media_id = await fleet.upload(actor, encoded(gray([[0, 255]])))
        options = MaskOptions(image_id=image.id)
        with pytest.raises(InvalidError) as refused:
            await fleet.accept(
                AcceptUpload(actor=actor, media_id=media_id, kind="mask", mask=options)
            )
        assert refused.value.errors[0].path == "image_id"


async def test_an_agent_stages_what_its_grant_names_and_nothing_else(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id = an_actor(), uuid4()
        image = await fleet.image(actor, encoded(a_picture()))
        grant = a_grant(node_id=node_id, owner_id=actor.user_id, media=[image.id])
        staged = await fleet.agent.call(FindInputFiles(node_id=node_id, grant=grant))
        [file] = staged.items

        assert file.name.startswith("cf/")
        assert file.name.endswith(".png")
        assert len((await fleet.web.get(file.url)).content) == file.size_bytes
        with pytest.raises(ForbiddenError):
            await fleet.agent.call(FindInputFiles(node_id=uuid4(), grant=grant))
        others = a_grant(node_id=node_id, owner_id=uuid4(), media=[image.id])
        with pytest.raises(NotFoundError):
            await fleet.agent.call(FindInputFiles(node_id=node_id, grant=others))


async def test_results_become_media_of_the_owner_once(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id, data = an_actor(), uuid4(), encoded(a_picture())
        grant = a_grant(node_id=node_id, owner_id=actor.user_id)
        before = await fleet.agent.call(FindResults(node_id=node_id, grant=grant))
        targets = await fleet.agent.call(SignResultUrls(node_id=node_id, grant=grant, count=2))
        for url in targets.urls:
            (await fleet.web.put(url, content=data)).raise_for_status()
        files = [a_result(n, data) for n in range(2)]
        record = RecordResults(node_id=node_id, grant=grant, files=files)
        recorded = await fleet.agent.call(record)
        repeated = await fleet.agent.call(record)
        found = await fleet.agent.call(FindResults(node_id=node_id, grant=grant))

        assert not before.is_recorded
        assert [output.index for output in recorded.outputs] == [0, 1]
        assert recorded == repeated == found
        assert await fleet.content(actor, recorded.outputs[1].media_id) == data


async def test_a_result_that_is_not_in_place_is_refused(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        node_id, data = uuid4(), encoded(a_picture())
        grant = a_grant(node_id=node_id, owner_id=uuid4())
        record = RecordResults(node_id=node_id, grant=grant, files=[a_result(0, data)])
        with pytest.raises(InvalidError) as missing:
            await fleet.agent.call(record)
        targets = await fleet.agent.call(SignResultUrls(node_id=node_id, grant=grant, count=1))
        await fleet.web.put(targets.urls[0], content=data + b"more")
        with pytest.raises(InvalidError) as grown:
            await fleet.agent.call(record)

        assert (missing.value.code, grown.value.code) == ("result_missing", "result_size")


async def test_a_digest_that_is_none_is_refused(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        node_id = uuid4()
        grant = a_grant(node_id=node_id, owner_id=uuid4())
        files = [a_result(0, b"x", blake3="a\r\nSet-Cookie: x=y")]
        with pytest.raises(InvalidError) as refused:
            await fleet.agent.call(RecordResults(node_id=node_id, grant=grant, files=files))
        assert refused.value.code == "result_digest"
