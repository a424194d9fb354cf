"""The results of a job that its owner deletes are deleted too, also those that come later."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from contracts.errors import ConflictError
from contracts.media.library import ListMedia, UpdateMedia
from contracts.scheduler.job_events import JobDeleted
from contracts.scheduler.jobs import JobStatus
from runtime.outbox.messages import event
from runtime.outbox.relay import publish
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.pictures import a_picture, encoded
from .adapters.records import a_grant, an_actor
from .fleet import bus, media, objects


def a_deletion(job_id: UUID, owner_id: UUID) -> JobDeleted:
    return JobDeleted(
        version=4,
        occurred_at=datetime.now(UTC),
        job_id=job_id,
        owner_id=owner_id,
        status=JobStatus.COMPLETED,
        workflow="solid@1",
    )


async def test_results_go_with_their_job_and_none_come_after(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    actor, job_id, node_id = an_actor(), uuid4(), uuid4()
    owner_id = actor.user_id
    attempt_id = uuid4()
    grant = a_grant(node_id=node_id, owner_id=owner_id, job_id=job_id, attempt_id=attempt_id)
    late_grant = a_grant(node_id=node_id, owner_id=owner_id, job_id=job_id)
    other_grant = a_grant(node_id=node_id, owner_id=owner_id)
    pictures = [encoded(a_picture((5, width))) for width in (5, 6, 7)]
    async with media(nats, postgres, s3) as fleet, bus(nats, "scheduler") as scheduler:
        upload = await fleet.image(actor, encoded(a_picture()))
        favorite, _ = await fleet.results(grant, node_id, *pictures[:2])
        [kept] = await fleet.results(other_grant, node_id, pictures[2])
        change = UpdateMedia(actor=actor, media_id=favorite.media_id, is_favorite=True)
        await fleet.gateway.call(change)
        for _ in range(2):
            await publish(scheduler, [event(a_deletion(job_id, owner_id))])

        async def are_gone() -> bool:
            left = (await fleet.gateway.call(ListMedia(actor=actor))).items
            return {view.id for view in left} == {upload.id, kept.media_id}

        await eventually(are_gone, 30)
        await eventually(lambda: not any(str(attempt_id) in key for key in objects(s3, owner_id)))
        for one in (grant, late_grant):
            with pytest.raises(ConflictError) as refused:
                await fleet.results(one, node_id, *pictures[:2])
            assert refused.value.code == "job_deleted"
        page = await fleet.gateway.call(ListMedia(actor=actor))

    assert {view.id for view in page.items} == {upload.id, kept.media_id}
