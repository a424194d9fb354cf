"""Jobs through a real gateway and a real bus."""

import asyncio
from contextlib import AbstractAsyncContextManager
from uuid import UUID, uuid4

from contracts.registry.workflows import ServerClasses
from contracts.scheduler.jobs import JobStatus
from contracts.services import WORKFLOWS
from contracts.values import Unmet
from runtime.bus.client import Bus
from runtime.outbox.messages import put
from runtime.outbox.relay import publish
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import a_fleet


async def test_a_job_is_accepted_with_its_defaults_seeds_and_needs(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        answer = await fleet.post_job({"workflow": "solid", "inputs": {"width": 64}})

        assert answer.status_code == 201
        job = answer.json()
        assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
        assert job["status"] == "queued"
        assert job["links"]["events"] == f"/v1/jobs/{job['id']}/events"
        sent = fleet.scheduler.submitted[0].job
        assert sent.workflow == "solid@1"
        assert sent.inputs["width"] == 64
        assert sent.inputs["height"] == 256
        assert sent.requirements.classes == {"EmptyImage", "SaveImage"}
        assert sent.timeout_seconds == 120
        shown = await fleet.client.get(answer.headers["location"])
        assert shown.json() == job


async def test_a_job_that_a_kind_of_server_does_not_take_says_so_and_where(
    nats: NatsServer,
) -> None:
    small = {"input": {"required": {"width": ["INT", {"max": 100}]}}, "output": ["IMAGE"]}
    server = ServerClasses(digest="small", classes={"EmptyImage": small})
    async with a_fleet(nats) as fleet, a_registry_bus(nats) as registry:
        await publish(registry, [put(WORKFLOWS, "classes.small", server)])

        async def is_told() -> bool:
            await fleet.post_job({"workflow": "solid", "inputs": {"width": 128}})
            return bool(fleet.scheduler.submitted[-1].job.requirements.incompatible)

        await eventually(is_told)
        [refused] = fleet.scheduler.submitted[-1].job.requirements.incompatible
        good = await fleet.post_job({"workflow": "solid", "inputs": {"width": 64}})

        assert refused.digests == {"small"}
        assert [entry.field for entry in refused.unmet] == ["inputs.width"]
        assert fleet.scheduler.submitted[-1].job.requirements.incompatible == ()
        job_id = UUID(good.json()["id"])
        lack = Unmet(kind="class", name="EmptyImage", message="no")
        fleet.scheduler.jobs[job_id].unmet = [lack]
        shown = await fleet.client.get(f"/v1/jobs/{job_id}")
        assert shown.json()["unmet"][0]["graph_node"] == "1"


def a_registry_bus(nats: NatsServer) -> AbstractAsyncContextManager[Bus]:
    password = nats.passwords["workflow-registry"]
    return Bus.connect(nats.url, service="workflow-registry", password=password)


async def test_a_repeat_with_the_same_key_replays_and_with_another_body_conflicts(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats) as fleet:
        body = {"workflow": "solid"}
        first = await fleet.post_job(body, **{"Idempotency-Key": "k"})
        again = await fleet.post_job(body, **{"Idempotency-Key": "k"})
        other = await fleet.post_job({"workflow": "solid@1"}, **{"Idempotency-Key": "k"})

        assert "idempotency-replayed" not in first.headers
        assert again.status_code == 201
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json()["id"] == first.json()["id"]
        assert other.status_code == 409
        assert other.json()["type"] == "urn:comfyfleet:problem:idempotency_key_reused"


async def test_prefer_wait_answers_when_the_job_ends(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        waiting = asyncio.create_task(fleet.post_job({"workflow": "solid"}, Prefer="wait=20"))
        async with asyncio.timeout(10):
            while not fleet.scheduler.jobs:  # noqa: ASYNC110  # the fake has no event for it
                await asyncio.sleep(0.01)
        job_id = next(iter(fleet.scheduler.jobs))
        await fleet.scheduler.complete(job_id)
        answer = await waiting

        assert answer.status_code == 201
        assert answer.json()["status"] == "completed"
        url = answer.json()["outputs"][0]["url"]
        assert url.startswith("/v1/media/")
        assert "sig=" in url


async def test_an_output_for_which_nothing_was_made_is_named(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job_id = UUID((await fleet.post_job({"workflow": "solid"})).json()["id"])
        path = f"/v1/jobs/{job_id}"

        assert (await fleet.client.get(path)).json()["empty_outputs"] == []
        fleet.scheduler.change(job_id, JobStatus.COMPLETED, outputs=[])
        assert (await fleet.client.get(path)).json()["empty_outputs"] == ["images"]
        await fleet.scheduler.complete(job_id)
        assert (await fleet.client.get(path)).json()["empty_outputs"] == []


async def test_prefer_wait_answers_the_unfinished_job_when_the_time_is_up(
    nats: NatsServer,
) -> None:
    async with a_fleet(nats) as fleet:
        answer = await fleet.post_job({"workflow": "solid"}, Prefer="wait=1")

        assert answer.status_code == 201
        assert answer.json()["status"] == "queued"


async def test_jobs_of_others_do_not_exist(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        theirs = fleet.scheduler.add(uuid4())
        for path in (f"/v1/jobs/{theirs.id}", f"/v1/jobs/{theirs.id}/events"):
            assert (await fleet.client.get(path)).status_code == 404
        canceled = await fleet.client.post(f"/v1/jobs/{theirs.id}/cancel")
        assert canceled.status_code == 404
        listed = await fleet.client.get("/v1/jobs")
        assert listed.json() == {"items": [], "next_cursor": None}
