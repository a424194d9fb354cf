"""The gallery, thumbnails, share links and ZIP downloads through a real gateway, bus and S3."""

import io
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import httpx

from runtime.testing.servers import NatsServer, S3Server

from .fleet import Fleet, a_fleet
from .gallery import FakeGallery
from .store import FakeMedia, a_media

PICTURE = b"0123456789"


async def upload(fleet: Fleet, name: str = "a.png") -> dict[str, Any]:
    answer = await fleet.client.post("/v1/media", files={"file": (name, PICTURE)})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_the_gallery_is_listed_changed_counted_and_cleared(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        gallery = FakeGallery(FakeMedia(fleet.media))
        await gallery.serve()
        mine = uuid4()
        gallery.media.known[mine] = a_media(mine, fleet.user_id)
        path, client = f"/v1/media/{mine}", fleet.client
        asked = {"text": "sky", "label": "a=b", "is_favorite": "true", "kind": "image", "limit": 2}
        page = (await client.get("/v1/media", params=asked)).json()
        wrong = await client.get("/v1/media", params={"kind": "song", "nope": 1})
        changes = {"is_favorite": True, "labels": {"a": "b"}, "expires_at": "never"}
        changed = await client.patch(path, json=changes)
        bad = await client.patch(path, json={"labels": {"a b": "c"}, "expires_at": "soon"})
        usage = (await client.get("/v1/media/usage")).json()
        gone = await client.delete(path)
        again = await client.delete(path)

        assert (page["items"][0]["id"], page["next_cursor"]) == (str(mine), "next")
        query = gallery.listed[0]
        assert (query.text, query.label, query.is_favorite) == ("sky", "a=b", True)
        assert (query.kind, query.limit) == (["image"], 2)
        assert {error["path"] for error in wrong.json()["errors"]} == {"kind", "nope"}
        assert changed.status_code == 200
        command = gallery.changed[0]
        assert (command.is_favorite, command.labels, command.expires_at) == (
            True,
            {"a": "b"},
            "never",
        )
        assert bad.status_code == 422
        assert usage["stored_bytes"] == 10
        assert (gone.status_code, again.status_code) == (204, 404)


async def test_only_who_may_write_media_changes_them(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await FakeGallery(FakeMedia(fleet.media)).serve()
        fleet.client.headers.update(fleet.headers(permissions=["jobs:run"]))
        path = f"/v1/media/{uuid4()}"
        answers = [
            await fleet.client.delete(path),
            await fleet.client.patch(path, json={}),
            await fleet.client.post(f"{path}/links", json={}),
            await fleet.client.post("/v1/media/uploads", json={"size_bytes": 1}),
        ]
        assert [answer.status_code for answer in answers] == [403] * 4


async def test_a_thumbnail_has_its_own_type_and_tag(nats: NatsServer, s3: S3Server) -> None:
    async with a_fleet(nats) as fleet:
        await FakeMedia(fleet.media, s3).serve()
        media = await upload(fleet)
        whole = await fleet.client.get(media["url"])
        small = await fleet.client.get(f"{media['url']}&width=256")
        known = await fleet.client.get(
            f"{media['url']}&width=256", headers={"If-None-Match": '"small"'}
        )
        assert (whole.headers["etag"], small.headers["etag"]) == ('"b3"', '"small"')
        assert small.headers["content-type"] == "image/webp"
        assert small.headers["content-disposition"].endswith("a%20%22picture%22.webp")
        assert whole.headers["content-disposition"].endswith("a%20%22picture%22.png")
        assert known.status_code == 304
        for width in ("0", "1025", "x", "-1", "٣", ""):
            answer = await fleet.client.get(f"/v1/media/{media['id']}/content?width={width}")
            assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "width"), width


async def test_clients_are_sent_to_a_store_that_is_public(nats: NatsServer, s3: S3Server) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        shown = await upload(fleet)
        media.public = next(iter(media.known))
        sent = await fleet.client.get(shown["url"], follow_redirects=False)
        assert sent.status_code == 307
        assert sent.headers["location"] == "https://s3.example/x"
        assert sent.headers["cache-control"] == "no-store"


async def test_a_share_link_opens_without_a_token_until_it_is_revoked(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        gallery = FakeGallery(FakeMedia(fleet.media, s3))
        await gallery.serve()
        media, other = await upload(fleet), await upload(fleet)
        path = f"/v1/media/{media['id']}/links"
        made = await fleet.client.post(path, json={"lifetime_seconds": 3600})
        link = made.json()
        listed = (await fleet.client.get(path)).json()["items"]
        long = await fleet.client.post(path, json={"lifetime_seconds": 10**9})
        default = await fleet.client.post(path)
        token = fleet.client.headers.pop("authorization")
        opened = await fleet.client.get(link["url"])
        changed = [
            link["url"].replace(media["id"], other["id"]),
            link["url"].replace(link["id"], str(uuid4())),
            link["url"].replace(link["id"], "x"),
            link["url"][:-1],
        ]
        refused = [(await fleet.client.get(url)).status_code for url in changed]
        fleet.client.headers["authorization"] = token
        revoked = await fleet.client.delete(f"{path}/{link['id']}")
        closed = await fleet.client.get(link["url"])

        assert (made.status_code, default.status_code) == (201, 201)
        assert (opened.content, opened.headers["cache-control"]) == (PICTURE, "private, max-age=60")
        assert refused == [403] * 4
        assert listed == [link]
        assert long.status_code == 422
        assert (revoked.status_code, closed.status_code) == (204, 403)
        assert closed.json()["type"] == "urn:comfyfleet:problem:link_expired"


async def test_many_media_come_as_one_zip(nats: NatsServer, s3: S3Server) -> None:
    async with a_fleet(nats, max_zip_bytes=30) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        ids = [(await upload(fleet))["id"] for _ in range(4)]
        post, stranger = fleet.client.post, str(uuid4())
        good = await post("/v1/media/zip", json={"media_ids": [*ids[:3], ids[0]]})
        large = await post("/v1/media/zip", json={"media_ids": ids})
        unknown = await post("/v1/media/zip", json={"media_ids": [ids[0], stranger]})
        none = await post("/v1/media/zip", json={"media_ids": []})

        assert good.headers["content-type"] == "application/zip"
        with ZipFile(io.BytesIO(good.content)) as zip_file:
            assert zip_file.testzip() is None
            first, second, third = zip_file.namelist()
            assert zip_file.read(third) == PICTURE
        assert (first, second) == ('a "picture".png', 'a "picture" (2).png')
        assert large.json()["errors"][0]["code"] == "too_big"
        assert unknown.json()["errors"][0]["path"] == "media_ids.1"
        assert none.status_code == 422


async def test_zip_downloads_are_as_many_as_allowed_again_and_again(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats, max_zip_downloads=1) as fleet:
        await FakeMedia(fleet.media, s3).serve()
        wanted = {"media_ids": [(await upload(fleet))["id"]]}
        for _ in range(3):
            assert (await fleet.client.post("/v1/media/zip", json=wanted)).is_success


async def test_a_large_file_is_put_straight_into_the_store(nats: NatsServer, s3: S3Server) -> None:
    async with a_fleet(nats) as fleet:
        media = FakeMedia(fleet.media, s3)
        await media.serve()
        place = (await fleet.client.post("/v1/media/uploads", json={"size_bytes": 10})).json()
        async with httpx.AsyncClient() as outside:
            (await outside.put(place["url"], content=PICTURE)).raise_for_status()
        form = {"kind": "video", "filename": "film.mp4"}
        made = await fleet.client.post(f"/v1/media/uploads/{place['media_id']}", json=form)

        assert (made.status_code, made.json()["id"]) == (201, place["media_id"])
        assert media.accepted[0].kind == "video"
        assert media.accepted[0].filename == "film.mp4"


async def test_links_and_places_for_files_are_made_once_for_a_key(
    nats: NatsServer, s3: S3Server
) -> None:
    async with a_fleet(nats) as fleet:
        await FakeGallery(FakeMedia(fleet.media, s3)).serve()
        one, two = [f"/v1/media/{(await upload(fleet))['id']}/links" for _ in range(2)]
        key = {"Idempotency-Key": "k"}
        link = await fleet.client.post(one, json={}, headers=key)
        again = await fleet.client.post(one, json={}, headers=key)
        other = await fleet.client.post(two, json={}, headers=key)
        plain = await fleet.client.post(one, json={})
        uploads = [
            await fleet.client.post("/v1/media/uploads", json={"size_bytes": 1}, headers=key)
            for _ in range(2)
        ]

        assert again.json() == link.json()
        assert {other.json()["id"], plain.json()["id"]}.isdisjoint({link.json()["id"]})
        assert uploads[0].json()["media_id"] == uploads[1].json()["media_id"]
        for first, second in ((link, again), uploads):
            assert "idempotency-replayed" not in first.headers
            assert second.headers["idempotency-replayed"] == "true"
        bad = await fleet.client.post(one, json={}, headers={"Idempotency-Key": "a b"})
        assert bad.status_code == 422
