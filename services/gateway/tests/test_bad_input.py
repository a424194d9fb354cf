"""Bad input is refused as such, and a bug of an owner is one of the fleet."""

from uuid import uuid4

import pytest

from contracts.errors import UnavailableError
from runtime.testing.servers import NatsServer, S3Server

from .fleet import a_fleet
from .store import FakeMedia, a_media


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_time_outside_the_calendar_is_refused(nats: NatsServer, moment: str) -> None:
    async with a_fleet(nats) as fleet:
        media = await fleet.client.patch(f"/v1/media/{uuid4()}", json={"expires_at": moment})
        job = await fleet.post_job({"workflow": "solid", "deadline": moment})

        assert (media.status_code, job.status_code) == (422, 422)


@pytest.mark.parametrize("charset", ["undefined", "idna", "nope"])
async def test_a_form_in_an_odd_charset_is_no_bug(nats: NatsServer, charset: str) -> None:
    async with a_fleet(nats) as fleet:
        kind = f"multipart/form-data; boundary=b; charset={charset}"
        body = b'--b\r\nContent-Disposition: form-data; name="kind"\r\n\r\nfile\r\n--b--\r\n'
        headers = {"Content-Type": kind}
        answer = await fleet.client.post("/v1/media", content=body, headers=headers)

        assert answer.status_code == 422


async def test_a_name_that_is_too_long_is_no_other_workflow(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        path = f"/v1/workflows/{'a' * 64}"
        answers = [
            await fleet.client.delete(path),
            await fleet.client.patch(path, json={"is_enabled": False}),
            await fleet.client.post(f"{path}/versions/1/activate"),
            await fleet.client.get(f"{path}/versions"),
        ]

        assert [answer.status_code for answer in answers] == [404] * 4


async def test_a_bug_of_an_owner_is_500(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job = fleet.scheduler.add(fleet.user_id)
        fleet.scheduler.broken = {job.id}
        fleet.scheduler.failure = UnavailableError("internal error", code="bug")
        answer = await fleet.client.get(f"/v1/jobs/{job.id}")

        assert answer.status_code == 500
        assert answer.json()["type"] == "urn:comfyfleet:problem:internal"


async def test_content_that_the_store_lost_is_missing(nats: NatsServer, s3: S3Server) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        lost = a_media(uuid4(), fleet.user_id)
        media.known[lost.id] = lost
        answer = await fleet.client.get(f"/v1/media/{lost.id}/content")

        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:comfyfleet:problem:content_missing"


async def test_an_upload_that_the_store_does_not_take_is_abandoned(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media)
        await media.serve()
        answer = await fleet.client.post("/v1/media", files={"file": ("a.png", b"picture")})

        assert answer.status_code == 503
        assert len(media.abandoned) == 1


async def test_a_use_that_no_file_has_is_answered_with_the_choices(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        form = {"kind": "song", "channel": "red"}
        answer = await fleet.client.post("/v1/media", files={"file": b"x"}, data=form)

        assert answer.status_code == 422
        assert {error["path"]: error["message"] for error in answer.json()["errors"]} == {
            "kind": "expected one of image, mask, video, audio, file",
            "channel": "expected one of auto, alpha, luminance",
        }
