"""The stream of a batch: all of its jobs' events, whenever a client comes."""

import asyncio
from uuid import UUID, uuid4

from contracts.agent import AttemptProgressed
from contracts.scheduler.jobs import JobStatus, Progress
from gateway.live.frames import ALL_SEEN
from runtime.testing.servers import NatsServer

from .batches import a_batch_fleet, post
from .fleet import Fleet
from .sse import Frame, following


async def a_batch(fleet: Fleet, count: int) -> tuple[str, list[UUID]]:
    """Return the path of the events of a new batch, and its jobs."""
    made = (await post(fleet, count=count)).json()
    ids = [UUID(id_) for id_ in made["job_ids"]]
    for job_id in ids:
        await fleet.scheduler.queue(job_id)
    return made["links"]["events"], ids


def ends(frames: list[Frame]) -> list[str]:
    return [frame.data["id"] for frame in frames if frame.name == "job.completed"]


async def test_it_tells_of_the_batchs_jobs_alone_and_ends_after_the_last(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, _):
        path, ids = await a_batch(fleet, 2)
        other = fleet.scheduler.add(fleet.user_id)
        async with following(fleet.client, path) as frames:
            shown = [await frames.next() for _ in ids]
            await fleet.scheduler.start(ids[0])
            await fleet.scheduler.start(other.id)
            started = await frames.next()
            progress = AttemptProgressed(
                owner_id=fleet.user_id,
                job_id=ids[0],
                node_id=uuid4(),
                progress=Progress(fraction=0.5),
            )
            await fleet.agent.signal(progress)
            moved = await frames.next()
            for job_id in (other.id, *ids):
                await fleet.scheduler.complete(job_id)
            rest = await frames.rest()

        assert {frame.data["id"] for frame in shown} == {str(id_) for id_ in ids}
        assert (started.name, started.data["job_id"]) == ("job.started", str(ids[0]))
        assert (moved.name, moved.data["progress"]["fraction"]) == ("job.progress", 0.5)
        assert ends(rest) == [str(id_) for id_ in ids]
        assert rest[-1].name == "batch.finished"
        assert rest[-1].data["job_count_by_status"]["completed"] == 2


async def test_a_client_that_comes_back_gets_what_it_missed_and_each_end_once(
    nats: NatsServer,
) -> None:
    for ring_size in (1_000, 1):
        async with a_batch_fleet(nats, ring_size=ring_size) as (fleet, _):
            path, ids = await a_batch(fleet, 4)
            async with following(fleet.client, path) as frames:
                for _ in ids:
                    await frames.next()
                await fleet.scheduler.complete(ids[0])
                seen = await frames.next()
            await fleet.scheduler.start(ids[1])
            await fleet.scheduler.complete(ids[1])
            async with following(fleet.client, path, seen.id) as frames:
                back = [await frames.next() for _ in range(3)]
                await fleet.scheduler.complete(ids[2])
                await fleet.scheduler.complete(ids[3])
                back += await frames.rest()
            over = await fleet.client.get(path, headers={"Last-Event-ID": str(back[-1].id)})

        assert ends([seen]) == [str(ids[0])]
        assert [frame.name for frame in back[:3]] == [
            "job.snapshot",
            "job.started",
            "job.completed",
        ]
        assert back[0].data["id"] == str(ids[0])
        assert ends(back) == [str(id_) for id_ in ids[1:]]
        assert (back[-1].id, over.status_code) == (str(ALL_SEEN), 204)


async def test_an_end_that_is_published_after_the_client_came_back_is_told_by_a_snapshot(
    nats: NatsServer,
) -> None:
    async with a_batch_fleet(nats) as (fleet, _):
        path, ids = await a_batch(fleet, 2)
        async with following(fleet.client, path) as frames:
            for _ in ids:
                await frames.next()
            await fleet.scheduler.start(ids[0])
            seen = (await frames.next()).id
        fleet.scheduler.change(ids[0], JobStatus.COMPLETED)
        async with following(fleet.client, path, seen) as frames:
            back = [await frames.next()]
            await fleet.scheduler.complete(ids[1])
            back += await frames.rest()

        assert (back[0].name, back[0].data["status"]) == ("job.snapshot", "completed")
        assert ends(back) == [str(ids[1])]
        assert back[-1].name == "batch.finished"


async def test_a_finished_batch_is_shown_whole_at_once(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, _):
        path, ids = await a_batch(fleet, 300)
        for job_id in ids:
            fleet.scheduler.change(job_id, JobStatus.CANCELED)
        async with following(fleet.client, path) as frames:
            told = await frames.rest()
        fleet.scheduler.change(ids[0], JobStatus.QUEUED)
        async with following(fleet.client, path, ALL_SEEN) as frames:
            again = await frames.next()

        assert [frame.name for frame in told] == ["job.snapshot"] * 300 + ["batch.finished"]
        assert again.name == "job.snapshot"


async def test_many_jobs_that_end_at_once_all_show_their_end(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, _):
        path, ids = await a_batch(fleet, 500)
        async with following(fleet.client, path) as frames:
            for _ in ids:
                await frames.next()
            await asyncio.gather(*map(fleet.scheduler.complete, ids))
            told = await frames.rest(30)

        assert sorted(ends(told)) == sorted(str(id_) for id_ in ids)


async def test_the_events_of_anothers_batch_do_not_exist(nats: NatsServer) -> None:
    async with a_batch_fleet(nats) as (fleet, batches):
        path, _ = await a_batch(fleet, 2)
        theirs = batches.newest.model_copy(
            update={"actor": batches.newest.actor.model_copy(update={"user_id": uuid4()})}
        )
        batches.submitted[theirs.batch_id] = theirs

        assert (await fleet.client.get(path)).status_code == 404
        assert (await fleet.client.get(f"/v1/batches/{uuid4()}/events")).status_code == 404
