"""Lists of media with the largest labels: all of them, in as many answers as they need."""

from uuid import UUID, uuid4

from contracts.media.files import FindMedia
from contracts.media.library import ListMedia, UpdateMedia
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.records import a_grant, an_actor
from .fleet import media

COUNT, LISTED_AT_ONCE = 100, 50
LABELS = {f"{'k' * 38}{number:02}": '"' * 256 for number in range(16)}
"""9 KiB as JSON, so all of them do not fit into one message of 1 MiB."""


async def test_media_with_the_largest_labels_are_all_listed_and_found(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id = an_actor(), uuid4()
        grant = a_grant(node_id=node_id, owner_id=actor.user_id)
        outputs = await fleet.results(grant, node_id, *(b"file %d" % n for n in range(COUNT)))
        ids = [output.media_id for output in outputs]
        for media_id in ids:
            await fleet.gateway.call(UpdateMedia(actor=actor, media_id=media_id, labels=LABELS))

        listed = list[UUID]()
        cursor: str | None = None
        while True:
            page = await fleet.gateway.call(
                ListMedia(actor=actor, limit=LISTED_AT_ONCE, cursor=cursor)
            )
            listed += [view.id for view in page.items]
            if (cursor := page.next_cursor) is None:
                break
        found, left, answers = list[UUID](), ids, 0
        while left:
            answer = await fleet.gateway.call(FindMedia(actor=actor, media_ids=left))
            found, left = found + [view.id for view in answer.items], answer.left
            answers += 1

        assert sorted(listed) == sorted(ids)
        assert found == ids
        assert answers > 1, "all of them fit into one answer"
