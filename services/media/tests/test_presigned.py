"""Signed URLs: what they open, for whom, and what they can no longer change."""

from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from contracts.errors import ConflictError, InvalidError
from contracts.media.files import AcceptUpload, BeginUpload, LocateContent
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.pictures import a_picture, decoded, encoded
from .adapters.records import a_grant, an_actor
from .fleet import media, objects


@pytest.mark.parametrize("is_public", [False, True])
async def test_the_url_of_an_accepted_upload_cannot_change_what_was_accepted(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server, *, is_public: bool
) -> None:
    async with media(nats, postgres, s3, s3_public_url=f"http://{s3.endpoint}") as fleet:
        actor, picture = an_actor(), a_picture((40, 30))
        begin = BeginUpload(actor=actor, media_id=uuid4(), size_bytes=9_999, is_public=is_public)
        url = (await fleet.gateway.call(begin)).url
        (await fleet.web.put(url, content=encoded(picture))).raise_for_status()
        accept = AcceptUpload(actor=actor, media_id=begin.media_id, kind="image")
        accepted = await fleet.accept(accept)
        (await fleet.web.put(url, content=encoded(a_picture((8, 8))))).raise_for_status()
        again = await fleet.accept(accept)
        renewed = await fleet.gateway.call(begin.model_copy(update={"media_id": uuid4()}))

        assert again == accepted
        assert decoded(await fleet.content(actor, accepted.id)).tobytes() == picture.tobytes()
        assert str(accepted.id) not in renewed.url
        with pytest.raises(ConflictError):
            await fleet.gateway.call(begin)


async def test_a_result_made_bare_cannot_be_changed_by_its_url(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id, picture = an_actor(), uuid4(), a_picture()
        grant = a_grant(node_id=node_id, owner_id=actor.user_id, is_bare=True)
        [output] = await fleet.results(grant, node_id, encoded(picture))
        [again] = await fleet.results(grant, node_id, encoded(a_picture((9, 9))))
        assert again == output
        kept = {key for key in objects(s3, actor.user_id) if not key.startswith("renditions/")}
        assert [key.split("/")[0] for key in kept] == ["blobs"]
        assert decoded(await fleet.content(actor, output.media_id)).tobytes() == picture.tobytes()


@pytest.mark.parametrize("is_bare", [True, False])
async def test_a_report_that_comes_again_is_answered_as_the_first_time(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server, *, is_bare: bool
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id, data = an_actor(), uuid4(), encoded(a_picture())
        grant = a_grant(node_id=node_id, owner_id=actor.user_id, is_bare=is_bare)
        first = await fleet.results(grant, node_id, data)
        assert await fleet.report(grant, node_id, data) == first


async def test_a_report_of_what_was_never_put_is_refused(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        node_id = uuid4()
        grant = a_grant(node_id=node_id, owner_id=uuid4())
        with pytest.raises(InvalidError) as refused:
            await fleet.report(grant, node_id, b"never put")
        assert refused.value.code == "result_missing"


async def test_a_public_store_is_reached_under_its_own_name(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    port = s3.endpoint.rpartition(":")[2]
    public = f"http://localhost:{port}"
    async with media(nats, postgres, s3, s3_public_url=public) as fleet:
        actor, data = an_actor(), encoded(a_picture())
        begin = BeginUpload(actor=actor, media_id=uuid4(), size_bytes=len(data), is_public=True)
        url = (await fleet.gateway.call(begin)).url
        inside = url.replace("localhost", "127.0.0.1")
        refused = await fleet.web.put(inside, content=b"other")
        (await fleet.web.put(url, content=data)).raise_for_status()
        accepted = await fleet.accept(
            AcceptUpload(actor=actor, media_id=begin.media_id, kind="image", filename="a b.png")
        )
        asked = LocateContent(actor=actor, media_id=accepted.id)
        located = await fleet.gateway.call(asked)

        assert refused.status_code == 403
        assert located.public_url is not None
        assert urlsplit(located.public_url).netloc == f"localhost:{port}"
        assert "response-content-type=image%2Fpng" in located.public_url
        content = (await fleet.web.get(located.public_url)).raise_for_status().content
        assert content == (await fleet.web.get(located.url)).content


async def test_without_a_public_store_nobody_is_sent_there(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor = an_actor()
        image = await fleet.image(actor, encoded(a_picture()))
        located = await fleet.gateway.call(LocateContent(actor=actor, media_id=image.id))
        assert located.public_url is None
        begin = BeginUpload(actor=actor, media_id=uuid4(), size_bytes=1, is_public=True)
        with pytest.raises(ConflictError) as refused:
            await fleet.gateway.call(begin)
        assert refused.value.code == "no_public_store"
