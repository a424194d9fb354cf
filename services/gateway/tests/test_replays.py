"""A repeated creation gets the first answer, even if it would be refused now."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from contracts.errors import ForbiddenError, UnavailableError
from contracts.media.files import AcceptUpload, BeginUpload, MediaView, UploadPlace
from runtime.bus import client
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer, S3Server

from .batches import a_batch_fleet, post
from .fleet import a_fleet
from .store import FakeMedia, a_media

KEY = {"Idempotency-Key": "k"}
REJECT = {"Idempotency-Repeat": "reject"}


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
        first = await fleet.post_job({"workflow": "solid"}, **KEY, **REJECT)
        again = await fleet.post_job({"workflow": "solid"}, **KEY, **REJECT)
        wrong = await fleet.post_job({"workflow": "solid"}, **{"Idempotency-Repeat": "perhaps"})
        fleet.scheduler.loses_an_answer = True
        lost = await fleet.post_job({"workflow": "solid"}, **{"Idempotency-Key": "l"}, **REJECT)

        assert (first.status_code, again.status_code, wrong.status_code) == (201, 409, 422)
        assert again.json()["type"] == "urn:comfyfleet:problem:idempotency_key_used"
        assert first.headers["location"] in again.json()["detail"]
        assert lost.status_code == 201, "a lost answer within the fleet is no repeat of the caller"
        assert "idempotency-replayed" not in lost.headers


async def test_a_lost_answer_to_a_batch_is_no_repeat_of_the_caller(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_TRY_SECONDS", 0.2)
    async with a_batch_fleet(nats) as (fleet, batches):
        batches.loses_an_answer = True
        lost = await post(fleet, "k", "reject", count=2)
        again = await post(fleet, "k", "reject", count=2)

    assert (lost.status_code, again.status_code) == (201, 409)
    assert "idempotency-replayed" not in lost.headers
    assert len(batches.submitted) == 1
    assert not batches.loses_an_answer


async def test_a_lost_answer_to_an_upload_is_no_repeat_of_the_caller(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        media = FullMedia(fleet.media, s3)
        await media.serve()
        media.loses_an_answer = True
        files = {"file": ("a.png", b"picture")}
        lost = await fleet.client.post("/v1/media", files=files, headers=KEY | REJECT)
        again = await fleet.client.post("/v1/media", files=files, headers=KEY | REJECT)

    assert (lost.status_code, again.status_code) == (201, 409)
    assert "idempotency-replayed" not in lost.headers
    assert not media.loses_an_answer


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
    """Refuses new uploads when it is full, and may lose the answer to one that it accepted."""

    is_full = False
    loses_an_answer = False

    async def begin(self, request: BeginUpload) -> UploadPlace:
        if self.is_full:
            raise ForbiddenError("full", code="storage_quota")
        return await super().begin(request)

    async def accept(self, request: AcceptUpload) -> MediaView:
        view = await super().accept(request)
        if self.loses_an_answer:
            self.loses_an_answer = False
            raise UnavailableError("nobody knows whether that was committed")
        return view
