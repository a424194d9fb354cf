"""Jobs are changed and deleted, through a real gateway and a real bus."""

from uuid import uuid4

from contracts.scheduler.jobs import JobStatus
from runtime.testing.servers import NatsServer

from .fleet import a_fleet


async def test_a_field_that_is_left_out_stays(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job = fleet.scheduler.add(fleet.user_id, labels={"a": "b"})
        path = f"/v1/jobs/{job.id}"
        prioritized = await fleet.client.patch(path, json={"priority": "background"})
        labeled = await fleet.client.patch(path, json={"labels": {}})

        assert prioritized.status_code == 200
        changed = prioritized.json()
        assert (changed["priority"], changed["labels"]) == ("background", {"a": "b"})
        assert (labeled.json()["priority"], labeled.json()["labels"]) == ("background", {})


async def test_changes_are_bounded_and_only_of_ones_own_jobs(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        path = f"/v1/jobs/{fleet.scheduler.add(fleet.user_id).id}"
        for body in (
            {"priority": "urgent"},
            {"labels": {"a b": "c"}},
            {"labels": {"a": "x" * 257}},
            {"labels": {str(number): "" for number in range(17)}},
            {"labels": {"a": "\0"}},
            {"deadline": None},
        ):
            assert (await fleet.client.patch(path, json=body)).status_code == 422, body
        theirs = f"/v1/jobs/{fleet.scheduler.add(uuid4()).id}"
        assert (await fleet.client.patch(theirs, json={})).status_code == 404


async def test_ones_own_job_that_is_over_is_deleted(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        running = fleet.scheduler.add(fleet.user_id, status=JobStatus.RUNNING)
        theirs = fleet.scheduler.add(uuid4(), status=JobStatus.FAILED)
        ended = fleet.scheduler.add(fleet.user_id, status=JobStatus.COMPLETED)
        jobs = (running, theirs, ended)
        answers = [await fleet.client.delete(f"/v1/jobs/{job.id}") for job in jobs]

        assert [answer.status_code for answer in answers] == [409, 404, 204]
        assert answers[0].json()["type"] == "urn:comfyfleet:problem:job_not_over"
        assert fleet.scheduler.jobs.keys() == {running.id, theirs.id}
