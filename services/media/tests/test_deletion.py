"""Deletion is said to whoever follows the events, once for each media."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contracts.media.library import DeleteMedia, MediaDeleted, UpdateMedia
from runtime.bus import event_stream
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.pictures import a_picture, encoded
from .adapters.records import an_actor
from .fleet import Fleet, media


async def test_what_was_deleted_or_expired_is_said_with_its_cause(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    actor = an_actor()
    async with media(nats, postgres, s3) as fleet:
        asked = await fleet.image(actor, encoded(a_picture()))
        over = await fleet.image(actor, encoded(a_picture((5, 5))))
        past = datetime.now(UTC) - timedelta(seconds=1)
        await fleet.gateway.call(UpdateMedia(actor=actor, media_id=over.id, expires_at=past))
        await fleet.gateway.call(DeleteMedia(actor=actor, media_id=asked.id))
        said = await deletions(fleet, actor.user_id, 1)
        database = fleet.database
    async with media(nats, postgres, s3, database=database) as fleet:
        said = await deletions(fleet, actor.user_id, 2)
    assert [(fact.media_id, fact.cause) for fact in said] == [
        (asked.id, "asked"),
        (over.id, "expired"),
    ]
    assert {(fact.owner_id, fact.kind, fact.version) for fact in said} == {
        (actor.user_id, "image", 1)
    }


async def deletions(fleet: Fleet, owner_id: UUID, count: int) -> list[MediaDeleted]:
    found: list[MediaDeleted] = []
    async with asyncio.timeout(20):
        async for event in event_stream.follow(fleet.gateway, 0):
            if event.subject == f"event.media.deleted.v1.{owner_id}":
                found.append(MediaDeleted.decode(event.subject, event.body))
            if len(found) == count:
                break
    return found
