"""The explanation of a job through a real gateway, and the limits on waiting and running jobs."""

from uuid import uuid4

from contracts.access import Limits, Permission
from contracts.errors import UnavailableError
from contracts.values import new_id
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import a_fleet


async def test_an_explanation_is_asked_for_with_the_callers_permissions(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job, cursor = fleet.scheduler.add(fleet.user_id), new_id()
        path = f"/v1/jobs/{job.id}/explain"
        reader = fleet.headers([Permission.JOBS_READ])
        answer = await fleet.client.get(f"{path}?limit=7&cursor={cursor}", headers=reader)
        asked = fleet.scheduler.explained[0]

        assert (answer.status_code, answer.json()["message"]) == (200, "all busy")
        assert (asked.limit, asked.cursor) == (7, cursor)
        assert asked.actor.permissions == {Permission.JOBS_READ}
        theirs = fleet.scheduler.add(uuid4())
        for other, status in (
            (f"/v1/jobs/{theirs.id}/explain", 404),
            (f"{path}?limit=201", 422),
            (f"{path}?cursor=next", 422),
        ):
            assert (await fleet.client.get(other)).status_code == status


async def test_a_job_carries_the_running_limit_of_its_account(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await fleet.has_user(fleet.user_id, limits=Limits(max_running_jobs=3))

        async def is_told() -> bool:
            await fleet.post_job({"workflow": "solid"})
            return fleet.scheduler.submitted[-1].job.max_running_jobs == 3

        await eventually(is_told)


async def test_a_full_queue_says_when_to_try_again(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        for code, status, seconds in (("too_many_waiting", 429, 5), ("queue_full", 503, 10)):
            fleet.scheduler.refusal = UnavailableError("full", code=code, retry_in=float(seconds))
            answer = await fleet.post_job({"workflow": "solid"})

            assert (answer.status_code, answer.headers["retry-after"]) == (status, str(seconds))
            assert answer.json()["type"] == f"urn:comfyfleet:problem:{code}"
