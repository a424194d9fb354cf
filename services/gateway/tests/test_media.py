"""Uploads and downloads through a real gateway, bus and S3."""

import resource
from typing import Any
from uuid import UUID, uuid4

from runtime.testing.servers import NatsServer, S3Server

from .fleet import Fleet, a_fleet
from .store import FakeMedia, a_media

PICTURE = b"0123456789"


async def upload(fleet: Fleet, **fields: Any) -> dict[str, Any]:
    answer = await fleet.client.post("/v1/media", files={"file": ("a.png", PICTURE)}, data=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_upload_comes_back_whole_in_parts_and_from_caches(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        await FakeMedia(fleet.media, s3).serve()
        media = await upload(fleet)
        path = f"/v1/media/{media['id']}/content"
        whole = await fleet.client.get(path)
        part = await fleet.client.get(path, headers={"Range": "bytes=2-4"})
        other = await fleet.client.get(path, headers={"Range": "bytes=2-4", "If-Range": '"x"'})
        two = await fleet.client.get(path, headers={"Range": "bytes=0-1,3-4"})
        beyond = await fleet.client.get(path, headers={"Range": "bytes=99-"})
        known = await fleet.client.get(path, headers={"If-None-Match": '"b3"'})
        head = await fleet.client.head(path)

        assert whole.content == PICTURE
        assert whole.headers["etag"] == '"b3"'
        assert whole.headers["content-type"] == "image/png"
        assert whole.headers["content-disposition"].startswith("inline; filename*=UTF-8''a%20%22")
        assert "immutable" in whole.headers["cache-control"]
        assert "sandbox" in whole.headers["content-security-policy"]
        assert (part.status_code, part.content) == (206, b"234")
        assert part.headers["content-range"] == "bytes 2-4/10"
        assert (other.status_code, other.content) == (200, PICTURE)
        assert (two.status_code, two.content) == (200, PICTURE)
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")
        assert (known.status_code, known.content) == (304, b"")
        assert (head.content, head.headers["content-length"]) == (b"", "10")


async def test_a_name_is_kept_as_it_was_before_the_form_escaped_it(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        await fleet.client.post("/v1/media", files={"file": ('a "b" 100%25.png', PICTURE)})

        assert [accepted.filename for accepted in media.accepted] == ['a "b" 100%25.png']


async def test_a_signed_link_works_without_a_token_and_only_as_it_is(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        await FakeMedia(fleet.media, s3).serve()
        url = (await upload(fleet))["url"]
        del fleet.client.headers["authorization"]
        plain = await fleet.client.get(url.split("?")[0])

        assert (await fleet.client.get(url)).content == PICTURE
        assert plain.status_code == 401
        for changed in (url[:-1], url.replace("exp=", "exp=1"), url.replace("exp=", "exp=x")):
            assert (await fleet.client.get(changed)).status_code == 403


async def test_masks_carry_their_options_and_repeats_are_replayed(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        fleet.client.headers["Idempotency-Key"] = "k"
        image = str(uuid4())
        first = await upload(fleet, kind="mask", image_id=image, invert="true", feather="3")
        again = await upload(fleet, kind="mask", image_id=image, invert="true", feather="3")

        options = media.accepted[0].mask
        assert options is not None
        assert (str(options.image_id), options.invert, options.feather) == (image, True, 3)
        assert first["id"] == again["id"]


async def test_what_cannot_be_stored_is_refused_with_a_reason(nats: NatsServer) -> None:
    async with a_fleet(nats, max_upload_bytes=100) as fleet:
        await FakeMedia(fleet.media).serve()
        post = fleet.client.post
        empty = await post("/v1/media", files={"file": b""})
        none = await post("/v1/media", files={"other": b"x"})
        large = await post("/v1/media", files={"file": b"x" * 101})
        huge = await post("/v1/media", files={"file": b"x" * 200_000})
        feathered = await post("/v1/media", files={"file": b"x"}, data={"feather": "9999"})
        unknown = await post("/v1/media", files={"file": b"x"}, data={"nope": "1"})
        away = await post("/v1/media", files={"file": b"x"})

        for answer, path in (
            (empty, "file"),
            (none, "file"),
            (feathered, "feather"),
            (unknown, "nope"),
        ):
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["path"] == path
        assert (large.status_code, huge.status_code) == (413, 413)
        assert away.status_code == 503
        assert int(away.headers["retry-after"]) >= 1


async def test_a_full_disk_is_said_and_a_second_file_is_named(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeMedia(fleet.media).serve()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
        try:
            full = await fleet.client.post("/v1/media", files={"file": b"x" * 3 * 2**20})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        two = [("file", b"1"), ("file", b"2")]
        double = await fleet.client.post("/v1/media", files=two)

        assert full.status_code == 503
        assert full.json()["type"] == "urn:comfyfleet:problem:no_room"
        assert full.headers["retry-after"] == "10"
        assert double.status_code == 422
        problem = double.json()["errors"][0]
        assert (problem["path"], problem["code"]) == ("file", "too_many")


async def test_a_text_is_never_shown_in_a_page(nats: NatsServer, s3: S3Server) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        mine = UUID((await upload(fleet))["id"])
        drawing = {"content_type": "text/plain", "filename": "a.svg"}
        media.known[mine] = media.known[mine].model_copy(update=drawing)
        answer = await fleet.client.get(f"/v1/media/{mine}/content")

        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_picture_can_be_saved_instead_of_shown(nats: NatsServer, s3: S3Server) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        url = (await upload(fleet))["url"]
        shown = await fleet.client.get(url)
        saved = await fleet.client.get(f"{url}&download=1")

        assert shown.headers["content-disposition"].startswith("inline;")
        assert saved.headers["content-disposition"].startswith("attachment;")
        assert saved.content == shown.content


async def test_a_job_names_its_media_and_each_must_be_mine_and_fit(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        owner = FakeMedia(fleet.media)
        await owner.serve()
        mine, mask, theirs = uuid4(), uuid4(), uuid4()
        owner.known[mine] = a_media(mine, fleet.user_id)
        owner.known[mask] = a_media(mask, fleet.user_id, "mask")
        owner.known[theirs] = a_media(theirs, uuid4())

        def a_composite(mask: object, overlay: object = mine) -> dict[str, Any]:
            named = {"image": mine, "overlay": overlay, "mask": mask}
            inputs = {name: {"media": str(id_)} for name, id_ in named.items()}
            return {"workflow": "composite", "inputs": inputs}

        good = await fleet.post_job(a_composite(mask))
        wrong = await fleet.post_job(a_composite(mine, theirs))
        owner.known[mask] = owner.known[mask].model_copy(update={"width": 9})
        odd = await fleet.post_job(a_composite(mask))

        assert good.status_code == 201
        assert set(fleet.scheduler.submitted[0].job.media) == {mine, mask}
        found = {error["path"]: error["code"] for error in wrong.json()["errors"]}
        assert found == {"inputs.mask": "wrong_kind", "inputs.overlay": "unknown_media"}
        assert odd.json()["errors"][0]["code"] == "size_mismatch"
