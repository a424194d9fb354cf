"""A repeated creation gets the first answer, even if it would be refused now."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from contracts.errors import ForbiddenError
from contracts.media.files import BeginUpload, UploadPlace
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer, S3Server

from .fleet import a_fleet
from .store import FakeMedia, a_media

KEY = {"Idempotency-Key": "k"}


async def test_an_accepted_job_is_replayed_after_its_deadline(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        deadline = datetime.now(UTC) + timedelta(seconds=3)
        body = {"workflow": "solid", "deadline": deadline.isoformat()}
        first = await fleet.post_job(body, **KEY)
        await eventually(lambda: datetime.now(UTC) > deadline)
        again = await fleet.post_job(body, **KEY)
        other = await fleet.post_job(body, **{"Idempotency-Key": "new"})

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert other.status_code == 422


async def test_an_accepted_job_is_replayed_after_its_input_is_deleted(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        image = a_media(UUID(int=1), fleet.user_id)
        media.known[image.id] = image
        body = {"workflow": "upscale", "inputs": {"image": {"media": str(image.id)}}}
        first = await fleet.post_job(body, **KEY)
        media.known.clear()
        again = await fleet.post_job(body, **KEY)
        changed = await fleet.post_job(body | {"labels": {"a": "b"}}, **KEY)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json()["id"] == first.json()["id"]
        assert changed.status_code == 409


async def test_an_accepted_job_is_replayed_when_the_quota_is_full(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        first = await fleet.post_job({"workflow": "solid"}, **KEY)
        await fleet.has_user(fleet.user_id, limits={"storage_bytes": 0})

        async def is_full() -> bool:
            return (await fleet.post_job({"workflow": "solid"})).status_code == 403

        await eventually(is_full)
        again = await fleet.post_job({"workflow": "solid"}, **KEY)

        assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


async def test_a_repeat_is_refused_if_the_caller_wants_that(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        rule = {"Idempotency-Repeat": "reject"}
        first = await fleet.post_job({"workflow": "solid"}, **KEY, **rule)
        again = await fleet.post_job({"workflow": "solid"}, **KEY, **rule)
        wrong = await fleet.post_job({"workflow": "solid"}, **{"Idempotency-Repeat": "perhaps"})
        fleet.scheduler.loses_an_answer = True
        lost = await fleet.post_job({"workflow": "solid"}, **{"Idempotency-Key": "l"}, **rule)

        assert (first.status_code, again.status_code, wrong.status_code) == (201, 409, 422)
        assert again.json()["type"] == "urn:comfyfleet:problem:idempotency_key_used"
        assert first.headers["location"] in again.json()["detail"]
        assert lost.status_code == 201, "a lost answer within the fleet is no repeat of the caller"
        assert "idempotency-replayed" not in lost.headers


async def test_a_refusal_stays_one_where_the_scheduler_knows_no_question_for_keys(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats) as fleet:
        await fleet.scheduler.stop_finding()
        fleet.client.timeout = 60
        refused = await fleet.post_job({"workflow": "no_such"}, **KEY)

    assert (refused.status_code, refused.json()["detail"]) == (404, "there is no workflow no_such")


async def test_an_accepted_upload_is_replayed_when_the_quota_is_full(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        media = FullMedia(fleet.media, s3)
        await media.serve()
        files = {"file": ("a.png", b"picture")}
        first = await fleet.client.post("/v1/media", files=files, headers=KEY)
        media.is_full = True
        again = await fleet.client.post("/v1/media", files=files, headers=KEY)
        other = await fleet.client.post("/v1/media", files=files)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json()["id"] == first.json()["id"]
        assert other.status_code == 403


class FullMedia(FakeMedia):
    """Refuses new uploads when it is full."""

    is_full = False

    async def begin(self, request: BeginUpload) -> UploadPlace:
        if self.is_full:
            raise ForbiddenError("full", code="storage_quota")
        return await super().begin(request)
