"""A store that fails or is slow: nothing that was accepted or made is lost."""

from dataclasses import replace
from uuid import uuid4

import pytest

from contracts.errors import UnavailableError
from contracts.media.attempts import RecordResults, SignResultUrls
from contracts.media.files import AcceptUpload
from contracts.media.library import DeleteMedia
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.relay import Mood, relay
from runtime.testing.servers import NatsServer, S3Server

from .adapters.pictures import a_picture, encoded
from .adapters.records import a_grant, a_result, an_actor
from .fleet import media, objects


@pytest.mark.parametrize("mood", ["hangs up", "errors"])
async def test_a_result_is_recorded_once_the_store_is_back(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server, mood: Mood
) -> None:
    async with relay(s3.endpoint) as store:
        behind = replace(s3, endpoint=store.endpoint)
        async with media(nats, postgres, behind) as fleet:
            actor, node_id, data = an_actor(), uuid4(), encoded(a_picture())
            grant = a_grant(node_id=node_id, owner_id=actor.user_id)
            opened = await fleet.agent.call(SignResultUrls(node_id=node_id, grant=grant, count=1))
            (await fleet.web.put(opened.urls[0], content=data)).raise_for_status()
            record = RecordResults(node_id=node_id, grant=grant, files=[a_result(0, data)])
            store.mood = mood
            with pytest.raises(UnavailableError):
                await fleet.agent.call(record, within=10)
            store.mood = "well"
            recorded = await fleet.agent.call(record, within=10)
            content = await fleet.content(actor, recorded.outputs[0].media_id)

            assert store.refused
            assert content == data


@pytest.mark.parametrize("mood", ["hangs up", "errors"])
async def test_an_upload_is_accepted_once_the_store_is_back(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server, mood: Mood
) -> None:
    async with relay(s3.endpoint) as store:
        behind = replace(s3, endpoint=store.endpoint)
        async with media(nats, postgres, behind) as fleet:
            actor = an_actor()
            media_id = await fleet.upload(actor, encoded(a_picture()))
            accept = AcceptUpload(actor=actor, media_id=media_id, kind="image")
            store.mood = mood
            with pytest.raises(UnavailableError):
                await fleet.gateway.call(accept, within=10)
            store.mood = "well"
            assert (await fleet.accept(accept)).id == media_id


async def test_a_slow_store_is_waited_for(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with relay(s3.endpoint) as store:
        behind = replace(s3, endpoint=store.endpoint)
        async with media(nats, postgres, behind) as fleet:
            store.mood = "slow"
            image = await fleet.image(an_actor(), encoded(a_picture((400, 300))))
            assert image.width == 400


async def test_what_is_deleted_while_the_store_is_away_is_gone_at_once_for_users(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with relay(s3.endpoint) as store:
        behind = replace(s3, endpoint=store.endpoint)
        async with media(nats, postgres, behind) as fleet:
            actor = an_actor()
            image = await fleet.image(actor, encoded(a_picture()))
            store.mood = "hangs up"
            await fleet.gateway.call(DeleteMedia(actor=actor, media_id=image.id), within=20)
            database = fleet.database
        store.mood = "well"
        async with media(nats, postgres, behind, database=database):
            await eventually(lambda: not objects(s3, actor.user_id))
