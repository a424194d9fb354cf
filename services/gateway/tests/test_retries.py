"""Jobs that are run again, through a real gateway and a real bus."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from contracts.access import Permission, Priority
from contracts.scheduler.jobs import JobStatus
from runtime.testing.servers import NatsServer, S3Server

from .fleet import a_fleet
from .keys import ALL
from .store import FakeMedia, a_media

KEY = {"Idempotency-Key": "k"}


async def test_a_retry_has_the_inputs_seeds_and_labels_of_the_job(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        first = await fleet.post_job({"workflow": "solid", "inputs": {"width": 64}})
        sent = fleet.scheduler.submitted[0].job
        ended = fleet.scheduler.add(
            fleet.user_id,
            status=JobStatus.FAILED,
            inputs=sent.inputs,
            labels={"project": "poster"},
            priority=Priority.BATCH,
            deadline=datetime.now(UTC) + timedelta(hours=1),
        )
        path = f"/v1/jobs/{ended.id}/retry?if_unrunnable=refuse"
        again = await fleet.client.post(path, headers=KEY)
        repeated = await fleet.client.post(path, headers=KEY)

        assert first.json()["links"]["retry"] == f"/v1/jobs/{first.json()['id']}/retry"
        assert again.status_code == 201
        assert again.headers["location"] == f"/v1/jobs/{again.json()['id']}"
        retried = fleet.scheduler.submitted[1].job
        assert [one.if_unrunnable for one in fleet.scheduler.submitted] == ["wait", "refuse"]
        assert retried.retry_of == ended.id
        assert (retried.inputs, retried.seed) == (sent.inputs, sent.seed)
        assert (retried.workflow, retried.version_hash) == (sent.workflow, sent.version_hash)
        assert (retried.labels, retried.priority) == ({"project": "poster"}, Priority.BATCH)
        assert retried.deadline == ended.deadline
        assert repeated.headers["idempotency-replayed"] == "true"
        assert repeated.json()["id"] == again.json()["id"]


async def test_a_deadline_that_has_passed_and_a_priority_that_was_taken_away_are_left_behind(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats) as fleet:
        user_id = uuid4()
        await fleet.has_new_user(user_id, limits={"max_priority": "background"})
        late = datetime.now(UTC) - timedelta(hours=1)
        ended = fleet.scheduler.add(user_id, status=JobStatus.EXPIRED, deadline=late)
        fleet.user_id = user_id
        again = await fleet.client.post(f"/v1/jobs/{ended.id}/retry", headers=fleet.headers())

        assert again.status_code == 201
        retried = fleet.scheduler.submitted[0].job
        assert (retried.deadline, retried.priority) == (None, Priority.BACKGROUND)


async def test_a_retry_needs_the_media_and_the_workflow_of_the_job(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        await FakeMedia(fleet.media, s3).serve()
        image = a_media(UUID(int=1), fleet.user_id)
        inputs = {"image": {"media": str(image.id)}}
        upscaled = fleet.scheduler.add(fleet.user_id, workflow="upscale@1", inputs=inputs)
        unknown = fleet.scheduler.add(fleet.user_id, workflow="unheard_of@1")
        refused = await fleet.client.post(f"/v1/jobs/{upscaled.id}/retry")
        missing = await fleet.client.post(f"/v1/jobs/{unknown.id}/retry")

        assert refused.status_code == 422
        [error] = refused.json()["errors"]
        assert (error["path"], error["code"]) == ("inputs.image", "unknown_media")
        assert missing.status_code == 404
        assert missing.json()["detail"] == "there is no workflow unheard_of"
        assert not fleet.scheduler.submitted


async def test_whoever_reads_all_jobs_runs_none_of_them_again(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        fleet.scheduler.overseers.add(fleet.user_id)
        theirs = fleet.scheduler.add(uuid4(), status=JobStatus.FAILED)
        overseer = fleet.headers(permissions=[*ALL, Permission.JOBS_READ_ALL])

        assert (await fleet.client.get(f"/v1/jobs/{theirs.id}", headers=overseer)).is_success
        again = await fleet.client.post(f"/v1/jobs/{theirs.id}/retry", headers=overseer)
        assert again.status_code == 404
        assert not fleet.scheduler.submitted
