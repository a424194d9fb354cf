"""A media that may hold a graph is linked to and packed for those who may read graphs."""

from uuid import uuid4

import pytest

from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .gallery import FakeGallery
from .keys import ALL
from .sse import following
from .store import FakeMedia, a_media

USER = [name for name in ALL if name != "graphs:read"]


async def a_withheld_media(fleet: Fleet) -> str:
    gallery = FakeGallery(FakeMedia(fleet.media))
    await gallery.serve()
    media_id = uuid4()
    view = a_media(media_id, fleet.user_id).model_copy(update={"is_withheld": True})
    gallery.media.known[media_id] = view
    return str(media_id)


@pytest.mark.parametrize("may_read", [False, True])
async def test_a_media_has_a_link_for_who_may_read_graphs(
    nats: NatsServer, *, may_read: bool
) -> None:
    async with a_fleet(nats) as fleet:
        media_id = await a_withheld_media(fleet)
        fleet.client.headers.update(fleet.headers(ALL if may_read else USER))
        shown = (await fleet.client.get(f"/v1/media/{media_id}")).json()
        changed = (await fleet.client.patch(f"/v1/media/{media_id}", json={"labels": {}})).json()
        [listed] = (await fleet.client.get("/v1/media")).json()["items"]
        for view in (shown, changed, listed):
            assert view["is_withheld"]
            assert (view["url"] is not None) is may_read


async def test_a_zip_with_one_is_refused_before_it_begins(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        media_id = await a_withheld_media(fleet)
        wanted = {"media_ids": [media_id]}
        answer = await fleet.client.post("/v1/media/zip", json=wanted, headers=fleet.headers(USER))
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:comfyfleet:problem:withheld"
        assert media_id in answer.json()["detail"]


@pytest.mark.parametrize("may_read", [False, True])
async def test_a_job_and_its_events_link_to_it_for_who_may_read_graphs(
    nats: NatsServer, *, may_read: bool
) -> None:
    async with a_fleet(nats) as fleet:
        fleet.client.headers.update(fleet.headers(ALL if may_read else USER))
        job_id = fleet.scheduler.add(fleet.user_id).id
        async with following(fleet.client, f"/v1/jobs/{job_id}/events") as frames:
            await frames.next()
            await fleet.scheduler.complete(job_id, is_withheld=True)
            (completed,) = await frames.rest()
        shown = (await fleet.client.get(f"/v1/jobs/{job_id}")).json()
        for view in (completed.data, shown):
            [output] = view["outputs"]
            assert output["is_withheld"]
            assert (output["url"] is not None) is may_read
