"""Many large jobs that end at once, and one that cannot be read."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import httpx
import pytest

from contracts.errors import InvalidError, OperationError, UnavailableError
from runtime.testing.ports import eventually
from runtime.testing.servers import NatsServer

from .fleet import Fleet, a_fleet, publish_workflow
from .sse import Frame, Frames, following

LARGE = {"prompt": "€" * 20_000}
SPEC = """
spec: comfyfleet/v1
name: notes
title: Notes
category: utility
graph: notes.graph.json
inputs:
  text: {type: text, title: Text, max_length: 500000, bind: [{node: "1", input: text}]}
outputs:
  images: {node: "2", kind: image}
"""
GRAPH = """{"1": {"class_type": "Draw", "inputs": {"text": ""}},
"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}}}"""


async def a_stream(fleet: Fleet, stack: AsyncExitStack, job_id: UUID) -> Frames:
    path = f"/v1/jobs/{job_id}/events"
    frames = await stack.enter_async_context(following(fleet.client, path))
    await frames.next()
    return frames


async def last(frames: Frames) -> Frame:
    return (await frames.rest())[-1]


async def test_large_jobs_that_end_at_once_all_show_their_end(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet, AsyncExitStack() as stack:
        ids = [fleet.scheduler.add(fleet.user_id, inputs=LARGE).id for _ in range(40)]
        streams = [await a_stream(fleet, stack, job_id) for job_id in ids]
        await asyncio.gather(*map(fleet.scheduler.complete, ids))
        ends = await asyncio.gather(*map(last, streams))

        assert [(end.name, end.data["id"]) for end in ends] == [
            ("job.completed", str(job_id)) for job_id in ids
        ]
        assert all(end.data["inputs"] == LARGE for end in ends)


@pytest.mark.parametrize(
    "failure",
    [InvalidError("too large", code="too_large"), UnavailableError("internal error", code="bug")],
)
async def test_a_job_that_cannot_be_read_harms_no_other(
    nats: NatsServer, failure: OperationError
) -> None:
    async with a_fleet(nats) as fleet, AsyncExitStack() as stack:
        ids = [fleet.scheduler.add(fleet.user_id).id for _ in range(5)]
        streams = [await a_stream(fleet, stack, job_id) for job_id in ids]
        fleet.scheduler.broken, fleet.scheduler.failure = {ids[2]}, failure
        await asyncio.gather(*map(fleet.scheduler.complete, ids))
        ends = await asyncio.gather(*map(last, streams))

        assert {end.name for end in ends} == {"job.completed"}
        assert ["id" in end.data for end in ends] == [True, True, False, True, True]


async def test_a_list_has_no_inputs_and_a_job_has_them(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        job = fleet.scheduler.add(fleet.user_id, inputs=LARGE)
        [listed] = (await fleet.client.get("/v1/jobs")).json()["items"]
        shown = (await fleet.client.get(f"/v1/jobs/{job.id}")).json()

        assert "inputs" not in listed
        assert shown == listed | {"inputs": LARGE, "empty_outputs": []}


async def test_inputs_that_would_not_fit_into_messages_are_refused(nats: NatsServer) -> None:
    async with a_fleet(nats) as fleet:
        await publish_workflow(fleet.registry, "notes", SPEC, GRAPH)
        for size, status in ((250_000, 201), (270_000, 422)):
            body = {"workflow": "notes", "inputs": {"text": "x" * size}}
            answer = await eventually_known(fleet, body)
            assert answer.status_code == status

        assert [error["code"] for error in answer.json()["errors"]] == ["too_big"]
        assert len(fleet.scheduler.submitted) == 1


async def eventually_known(fleet: Fleet, body: object) -> httpx.Response:
    """Post the job once the gateway has the workflow."""

    async def is_known() -> bool:
        return (await fleet.client.get("/v1/workflows/notes")).is_success

    await eventually(is_known)
    return await fleet.post_job(body)
