"""Jobs of graphs without a workflow, through a real gateway and a real bus."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access import Permission
from contracts.errors import NotFoundError, UnavailableError
from contracts.registry.graphs import UNNUMBERED, GraphView, StoreGraph, UseGraph
from contracts.registry.workflows import WorkflowVersionRecord
from contracts.scheduler.jobs import JobStatus
from contracts.services import WORKFLOWS
from runtime.outbox.messages import put
from runtime.outbox.relay import publish
from runtime.testing.servers import NatsServer
from workflows import load_version

from .fleet import Fleet, a_fleet
from .keys import ALL
from .store import FakeMedia, a_media

PROBLEM = "urn:comfyfleet:problem:"
GRAPH: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "file_1"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}
SPEC: dict[str, Any] = {
    "spec": "comfyfleet/v1",
    "name": "graph",
    "inputs": {
        "file_1": {"type": "file", "required": True, "bind": [{"node": "1", "input": "image"}]}
    },
    "outputs": {"images": {"node": "2", "kind": "image"}},
}
VERSION = load_version(SPEC, GRAPH)
REFERENCE = f"graph@{VERSION.hash}"


def posted(media_id: object) -> dict[str, Any]:
    return {**GRAPH, "1": {"class_type": "LoadImage", "inputs": {"image": {"media": media_id}}}}


class FakeGraphs:
    """A registry that stores one graph."""

    def __init__(self, fleet: Fleet) -> None:
        self.registry = fleet.registry
        self.stored: list[StoreGraph] = []
        self.is_gone = self.is_full = False

    async def serve(self) -> None:
        await self.registry.serve(StoreGraph, self.store)
        await self.registry.serve(UseGraph, self.use)

    async def store(self, request: StoreGraph) -> GraphView:
        self.stored.append(request)
        record = WorkflowVersionRecord(**VERSION.model_dump(), version=UNNUMBERED)
        await publish(self.registry, [put(WORKFLOWS, f"version.{VERSION.hash}", record)])
        inputs = {"file_1": request.graph["1"]["inputs"]["image"]}
        return GraphView(hash=VERSION.hash, inputs=inputs)

    async def use(self, request: UseGraph) -> GraphView:
        if self.is_full:
            raise UnavailableError("yours are full", code="too_many_graphs", retry_in=60)
        if self.is_gone or request.hash != VERSION.hash:
            raise NotFoundError("the raw graph is gone", code="version_gone")
        return GraphView(hash=request.hash)


@asynccontextmanager
async def a_fleet_with_graphs(
    nats: NatsServer,
) -> AsyncGenerator[tuple[Fleet, FakeGraphs, UUID], None]:
    """Yield the fleet, its stored graphs, and a picture of the caller."""
    async with a_fleet(nats) as fleet:
        graphs, media = FakeGraphs(fleet), FakeMedia(fleet.media)
        await graphs.serve()
        await media.serve()
        picture = a_media(uuid4(), fleet.user_id)
        media.known[picture.id] = picture
        yield fleet, graphs, picture.id


async def test_a_graph_is_a_job_like_others(nats: NatsServer) -> None:
    async with a_fleet_with_graphs(nats) as (fleet, graphs, picture):
        body = {"graph": posted(str(picture)), "labels": {"a": "b"}, "if_unrunnable": "refuse"}
        answer = await fleet.post_job(body, **{"Idempotency-Key": "k"})
        again = await fleet.post_job(body, **{"Idempotency-Key": "k"})
        listed = await fleet.client.get("/v1/jobs", params={"workflow": REFERENCE})

        assert (answer.status_code, answer.json()["workflow"]) == (201, REFERENCE)
        assert again.headers["idempotency-replayed"] == "true"
        [command] = fleet.scheduler.submitted
        assert command.job.version_hash == VERSION.hash
        assert (command.job.media, command.job.labels) == ([picture], {"a": "b"})
        assert command.job.inputs == {"file_1": {"media": str(picture)}}
        assert command.job.requirements.classes == {"LoadImage", "SaveImage"}
        assert graphs.stored[0].graph == posted(str(picture))
        fleet.scheduler.jobs[command.job.job_id].inputs.update(command.job.inputs)
        shown = await fleet.client.get(f"{answer.headers['location']}/graph")
        assert shown.json()["graph"]["1"]["inputs"] == {"image": str(picture)}
        assert listed.status_code == 200


async def test_a_stored_graph_runs_again_until_it_is_gone(nats: NatsServer) -> None:
    async with a_fleet_with_graphs(nats) as (fleet, graphs, picture):
        inputs = {"file_1": {"media": str(picture)}}
        await fleet.post_job({"graph": posted(str(picture))})
        ended = fleet.scheduler.add(
            fleet.user_id, workflow=REFERENCE, status=JobStatus.FAILED, inputs=inputs
        )
        retry = f"/v1/jobs/{ended.id}/retry"
        retried = await fleet.client.post(retry)
        named = await fleet.post_job({"workflow": REFERENCE, "inputs": inputs})
        graphs.is_gone = True
        gone = await fleet.client.post(retry)
        graphs.is_full = True
        full = await fleet.post_job({"workflow": REFERENCE, "inputs": inputs})

        assert (retried.status_code, named.status_code) == (201, 201)
        sent = [command.job for command in fleet.scheduler.submitted]
        assert [job.version_hash for job in sent] == [VERSION.hash] * 3
        assert (sent[1].retry_of, sent[1].inputs) == (ended.id, inputs)
        assert (gone.status_code, gone.json()["type"]) == (404, f"{PROBLEM}version_gone")
        assert (full.status_code, full.json()["type"]) == (429, f"{PROBLEM}too_many_graphs")
        assert full.headers["retry-after"] == "60"


async def test_a_graph_needs_the_permission(nats: NatsServer) -> None:
    async with a_fleet_with_graphs(nats) as (fleet, graphs, picture):
        plain = fleet.headers(permissions=[one for one in ALL if one != Permission.GRAPHS_RUN])
        posting = await fleet.post_job({"graph": posted(str(picture))}, **plain)
        naming = await fleet.post_job({"workflow": REFERENCE}, **plain)

        for answer in (posting, naming):
            assert (answer.status_code, answer.json()["type"]) == (
                403,
                f"{PROBLEM}missing_permission",
            )
        assert not graphs.stored


async def test_a_graph_names_media_of_the_caller(nats: NatsServer) -> None:
    async with a_fleet_with_graphs(nats) as (fleet, _, _):
        answer = await fleet.post_job({"graph": posted(str(uuid4()))})

        [error] = answer.json()["errors"]
        assert (error["path"], error["code"]) == ("inputs.file_1", "unknown_media")
        assert not fleet.scheduler.submitted


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"workflow": "solid", "graph": GRAPH},
        {"graph": GRAPH, "inputs": {"width": 64}},
        {"graph": "1: {}"},
    ],
)
async def test_a_job_runs_one_thing(nats: NatsServer, body: dict[str, Any]) -> None:
    async with a_fleet(nats) as fleet:
        assert (await fleet.post_job(body)).status_code == 422


async def test_a_raw_graph_is_no_workflow(nats: NatsServer) -> None:
    async with a_fleet_with_graphs(nats) as (fleet, _, picture):
        await fleet.post_job({"graph": posted(str(picture))})
        page = await fleet.client.get(f"/v1/workflows/{REFERENCE}")
        listed = await fleet.client.get("/v1/workflows")

        assert page.status_code == 422
        assert "graph" not in {item["name"] for item in listed.json()["items"]}
