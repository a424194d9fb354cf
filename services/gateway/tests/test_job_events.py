"""A job's own stream: snapshot, facts, one end, and coming back to it."""

from uuid import UUID, uuid4

from contracts.agent import AttemptPreviewed, AttemptProgressed, JobWatched, OwnerWatched
from contracts.scheduler.jobs import Progress
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet
from .sse import following


async def a_finished_job(fleet: Fleet) -> UUID:
    """Queued (1), started (2), completed (3); the gateway has heard all of it."""
    job_id = fleet.scheduler.add(fleet.user_id).id
    async with following(fleet.client, f"/v1/jobs/{job_id}/events") as frames:
        await frames.next()
        await fleet.scheduler.queue(job_id)
        await fleet.scheduler.start(job_id)
        await fleet.scheduler.complete(job_id)
        assert [frame.id for frame in await frames.rest()] == ["2", "3"]
    return job_id


async def test_a_stream_begins_with_the_job_and_ends_with_its_end(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job_id = fleet.scheduler.add(fleet.user_id).id
        async with following(fleet.client, f"/v1/jobs/{job_id}/events") as frames:
            first = await frames.next()
            await fleet.scheduler.start(job_id)
            started = await frames.next()
            await fleet.scheduler.complete(job_id)
            (last,) = await frames.rest()

        assert (first.name, first.id, first.data["status"]) == ("job.snapshot", None, "queued")
        assert (started.name, started.id) == ("job.started", "2")
        assert "inputs" not in started.data
        assert (last.name, last.id) == ("job.completed", "3")
        assert last.data == (await fleet.client.get(f"/v1/jobs/{job_id}")).json()


async def test_who_may_read_all_jobs_gets_none_of_their_pictures(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        owner, node = uuid4(), uuid4()
        job_id = fleet.scheduler.add(owner).id
        fleet.scheduler.overseers.add(fleet.user_id)
        keys = {"node_id": node, "owner_id": owner, "job_id": job_id}
        async with following(fleet.client, f"/v1/jobs/{job_id}/events") as frames:
            await frames.next()
            picture = AttemptPreviewed(**keys, content_type="image/png", data="c2VjcmV0")
            await fleet.agent.signal(picture)
            await fleet.agent.signal(AttemptProgressed(**keys, progress=Progress(fraction=0.5)))
            progressed = await frames.next()
            await fleet.scheduler.complete(job_id)
            (completed,) = await frames.rest()
        shown = (await fleet.client.get(f"/v1/jobs/{job_id}")).json()

        assert progressed.name == "job.progress"
        assert [output["url"] for output in shown["outputs"]] == [None]
        assert [output["url"] for output in completed.data["outputs"]] == [None]


async def test_coming_back_brings_what_was_missed_and_nothing_twice(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        path = f"/v1/jobs/{await a_finished_job(fleet)}/events"
        for seen, expected in ((0, [1, 2, 3]), (1, [2, 3]), (2, [3])):
            async with following(fleet.client, path, seen) as frames:
                snapshot, *rest = await frames.rest()
            assert snapshot.name == "job.snapshot"
            assert [frame.id for frame in rest] == [*map(str, expected)]
            assert rest[-1].name == "job.completed"


async def test_what_the_memory_has_lost_comes_from_the_stored_stream(nats: NatsServer) -> None:
    async with a_fleet(nats, ring_size=1) as fleet:
        path = f"/v1/jobs/{await a_finished_job(fleet)}/events"
        async with following(fleet.client, path, 0) as frames:
            _, *rest = await frames.rest()

        assert [frame.id for frame in rest] == ["1", "2", "3"]


async def test_who_has_seen_the_end_gets_204_so_that_a_browser_stops(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        path = f"/v1/jobs/{await a_finished_job(fleet)}/events"
        answer = await fleet.client.get(path, headers={"Last-Event-ID": "3"})

        assert answer.status_code == 204


async def test_a_job_that_ended_before_shows_its_end_once(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        path = f"/v1/jobs/{await a_finished_job(fleet)}/events"
        async with following(fleet.client, path) as frames:
            names = [frame.name for frame in await frames.rest()]

        assert names == ["job.snapshot", "job.completed"]


async def test_agents_learn_who_looks_at_all_of_their_jobs(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        watched: list[UUID] = []

        async def hear(signal: OwnerWatched) -> None:
            watched.append(signal.owner_id)

        await fleet.agent.subscribe(OwnerWatched, hear)
        async with following(fleet.client, "/v1/events"):
            await eventually(lambda: watched == [fleet.user_id])


async def test_progress_passes_as_it_is_and_agents_learn_that_somebody_looks(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats) as fleet:
        watched: list[UUID] = []

        async def hear(signal: JobWatched) -> None:
            watched.append(signal.job_id)

        await fleet.agent.subscribe(JobWatched, hear)
        job_id = fleet.scheduler.add(fleet.user_id).id
        async with following(fleet.client, f"/v1/jobs/{job_id}/events") as frames:
            await frames.next()
            await eventually(lambda: job_id in watched)
            signal = AttemptProgressed(
                node_id=uuid4(),
                owner_id=fleet.user_id,
                job_id=job_id,
                progress=Progress(fraction=0.5, step=3, steps=6),
            )
            await fleet.agent.signal(signal)
            frame = await frames.next()

        assert (frame.name, frame.id) == ("job.progress", None)
        assert frame.data["progress"]["step"] == 3
