"""The stream of all of a caller's jobs."""

import asyncio
from uuid import uuid4

from gateway.live.frames import last_position
from gateway.live.streams import PAGE
from runtime.testing.servers import NatsServer

from .fleet import a_fleet
from .sse import following


async def test_it_begins_with_unfinished_jobs_and_tells_of_mine_only(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        mine, theirs = fleet.scheduler.add(fleet.user_id), fleet.scheduler.add(uuid4())
        async with following(fleet.client, "/v1/events") as frames:
            first = await frames.next()
            await fleet.scheduler.start(theirs.id)
            await fleet.scheduler.start(mine.id)
            await fleet.scheduler.complete(mine.id)
            started, completed = await frames.next(), await frames.next()

        assert (first.name, first.data["id"]) == ("job.snapshot", str(mine.id))
        assert (started.name, started.data["job_id"]) == ("job.started", str(mine.id))
        assert (completed.name, completed.data["id"]) == ("job.completed", str(mine.id))
        begin, end = [last_position(frame.id, 0) for frame in (started, completed)]
        assert begin
        assert end
        assert end.follows(begin)


async def test_every_unfinished_job_is_shown_however_many_there_are(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        mine = [str(fleet.scheduler.add(fleet.user_id).id) for _ in range(2 * PAGE + 1)]
        async with following(fleet.client, "/v1/events") as frames:
            shown = [(await frames.next()).data["id"] for _ in mine]

        assert shown == mine


async def test_coming_back_goes_on_after_the_last_one_seen(nats: NatsServer) -> None:
    for ring_size in (1_000, 1):
        async with a_fleet(nats, ring_size=ring_size) as fleet:
            job_id = fleet.scheduler.add(fleet.user_id).id
            async with following(fleet.client, "/v1/events") as frames:
                await frames.next()
                await fleet.scheduler.queue(fleet.scheduler.add(fleet.user_id).id)
                seen = (await frames.next()).id
            await fleet.scheduler.start(job_id)
            await fleet.scheduler.complete(job_id)
            async with following(fleet.client, "/v1/events", seen) as frames:
                names = [(await frames.next()).name for _ in range(2)]

            assert names == ["job.started", "job.completed"]


async def test_nothing_between_the_snapshot_and_coming_back_is_lost(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job_ids = [fleet.scheduler.add(fleet.user_id).id for _ in range(2)]
        async with following(fleet.client, "/v1/events") as frames:
            snapshots = [await frames.next() for _ in job_ids]
        for job_id in job_ids:
            await fleet.scheduler.complete(job_id)
        async with following(fleet.client, "/v1/events", snapshots[-1].id) as frames:
            ended = [await frames.next() for _ in job_ids]

        assert snapshots[0].id is None
        assert [frame.name for frame in ended] == ["job.completed"] * 2


async def test_a_stream_without_unfinished_jobs_begins_with_its_position(nats: NatsServer) -> None:
    async with (
        a_fleet(nats) as fleet,
        fleet.client.stream("GET", "/v1/events") as answer,
        asyncio.timeout(8),
    ):
        lines = answer.aiter_lines()
        begin = [await anext(lines) for _ in range(3)]

    assert begin[0].startswith("retry:")
    assert begin[2].startswith("id: ")


async def test_a_number_that_the_stream_never_had_brings_a_snapshot(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        fleet.scheduler.add(fleet.user_id)
        async with following(fleet.client, "/v1/events", 10**12) as frames:
            first = await frames.next()

        assert first.name == "job.snapshot"


async def test_only_so_many_streams_can_be_open(nats: NatsServer) -> None:
    async with (
        a_fleet(nats, max_streams_per_user=1) as fleet,
        following(fleet.client, "/v1/events"),
    ):
        answer = await fleet.client.get("/v1/events")

        assert answer.status_code == 429
        assert answer.json()["type"] == "urn:comfyfleet:problem:too_many_streams"
