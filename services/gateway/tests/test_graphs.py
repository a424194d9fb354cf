"""The graph of a job, for those who may read graphs."""

from uuid import uuid4

from contracts.access import Permission
from runtime.testing.servers import NatsServer

from .fleet import a_fleet


async def test_a_graph_has_the_inputs_of_the_job_in_place(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        inputs = {"width": 64, "height": 32, "color": "#112233"}
        job = fleet.scheduler.add(fleet.user_id, inputs=inputs)
        reader = fleet.headers(permissions=[Permission.GRAPHS_READ])
        shown = await fleet.client.get(f"/v1/jobs/{job.id}/graph", headers=reader)

        assert shown.status_code == 200
        assert shown.json()["workflow"] == "solid@1"
        sizes = [
            (node["inputs"]["width"], node["inputs"]["height"])
            for node in shown.json()["graph"].values()
            if node["class_type"] == "EmptyImage"
        ]
        assert sizes == [(64, 32)]


async def test_a_graph_needs_the_permission_the_job_and_its_version(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        mine = fleet.scheduler.add(fleet.user_id)
        theirs = fleet.scheduler.add(uuid4())
        gone = fleet.scheduler.add(fleet.user_id, workflow="solid@7")
        paths = [f"/v1/jobs/{job.id}/graph" for job in (mine, theirs, gone)]
        plain = fleet.headers(permissions=["jobs:run", "jobs:read"])
        forbidden = await fleet.client.get(paths[0], headers=plain)
        hidden, missing = [await fleet.client.get(path) for path in paths[1:]]

        assert forbidden.status_code == 403
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert missing.json()["type"] == "urn:comfyfleet:problem:version_gone"


async def test_a_caller_may_ask_for_a_refusal(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await fleet.post_job({"workflow": "solid"})
        await fleet.post_job({"workflow": "solid", "if_unrunnable": "refuse"})
        wrong = await fleet.post_job({"workflow": "solid", "if_unrunnable": "fail"})

        sent = [command.if_unrunnable for command in fleet.scheduler.submitted]
        assert (sent, wrong.status_code) == (["wait", "refuse"], 422)
