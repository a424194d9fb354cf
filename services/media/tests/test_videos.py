"""Videos through media as a whole, from users and from jobs."""

from uuid import uuid4

import pytest

from contracts.media.files import AcceptUpload, FindMedia, MediaView
from runtime.testing.ports import eventually
from runtime.testing.postgres import PostgresServer
from runtime.testing.servers import NatsServer, S3Server

from .adapters.clips import SECRET, a_video
from .adapters.pictures import decoded
from .adapters.records import a_grant, an_actor
from .fleet import Fleet, media


async def shown(fleet: Fleet, actor_view: MediaView) -> MediaView:
    """The view once somebody looked into the content."""
    owner = an_actor(actor_view.owner_id)
    found = [actor_view]

    async def is_looked_into() -> bool:
        asked = FindMedia(actor=owner, media_ids=[actor_view.id])
        found[:] = (await fleet.gateway.call(asked)).items
        return found[0].frame_count is not None

    await eventually(is_looked_into)
    return found[0]


async def test_an_uploaded_video_has_a_length_at_once_and_a_poster_soon(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor = an_actor()
        media_id = await fleet.upload(actor, a_video(size=(320, 240)))
        kept = await fleet.accept(AcceptUpload(actor=actor, media_id=media_id, kind="video"))
        assert (kept.content_type, kept.width, kept.height) == ("video/mp4", 320, 240)
        assert kept.duration_seconds == pytest.approx(0.5)
        assert kept.frames_per_second == 24
        poster = decoded(await fleet.content(actor, kept.id, 256))
        seen = await shown(fleet, kept)
        assert poster.size == (256, 192)
        assert (seen.frame_count, seen.duration_seconds) == (12, kept.duration_seconds)
        assert seen.placeholder


@pytest.mark.parametrize("is_bare", [True, False])
async def test_a_video_that_a_job_made_is_shown_with_or_without_its_prompt(
    nats: NatsServer, postgres: PostgresServer, s3: S3Server, *, is_bare: bool
) -> None:
    async with media(nats, postgres, s3) as fleet:
        actor, node_id, data = an_actor(), uuid4(), a_video()
        grants = [
            a_grant(node_id=node_id, owner_id=actor.user_id, is_bare=is_bare) for _ in range(2)
        ]
        [made] = await fleet.results(grants[0], node_id, data)
        content = await fleet.content(actor, made.media_id)
        assert made.content_type == "video/mp4"
        assert (made.width, made.height, made.frame_count) == (64, 48, 12)
        assert made.duration_seconds == pytest.approx(0.5)
        assert (SECRET.encode() in content) is not is_bare
        [view] = (await fleet.gateway.call(FindMedia(actor=actor, media_ids=[made.media_id]))).items
        assert (await shown(fleet, view)).duration_seconds == pytest.approx(0.5)
        [again] = await fleet.results(grants[1], node_id, data)
        [same] = (
            await fleet.gateway.call(FindMedia(actor=actor, media_ids=[again.media_id]))
        ).items
        assert same.duration_seconds == pytest.approx(0.5)
        assert decoded(await fleet.content(actor, again.media_id, 256)).format == "WEBP"
