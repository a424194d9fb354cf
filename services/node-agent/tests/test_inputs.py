"""Input files take no more space on the engine's server once nobody needs them."""

import io
from uuid import UUID

import httpx
import pytest

from contracts.agent import AttemptOrder, Outcome
from contracts.media.attempts import InputFile
from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.engine import ComfyUI, open_comfyui
from node_agent.engines.comfyui.inputs import split
from node_agent.engines.comfyui.leftovers import empty_inputs
from node_agent.engines.comfyui.settings import ComfyUISettings
from node_agent.ports import EngineWork, Graph
from runtime.testing.ports import eventually

from .engines.attempts import Heard, of
from .fleet import Fleet, an_order
from .graphs import shipped, slow_steps
from .test_attempts import a_png

AT_ONCE = {"keep_inputs_seconds": 0}


async def a_resizing(fleet: Fleet, content: bytes) -> AttemptOrder:
    attempt = an_order(await fleet.publish(shipped("resize")))
    media_id = await fleet.media.upload(attempt.grant, content)
    inputs = {"image": {"media": str(media_id)}, "width": 32, "height": 16, "method": "lanczos"}
    return attempt.model_copy(update={"inputs": inputs | {"crop": False}, "media": [media_id]})


async def size_of(comfy: httpx.AsyncClient, path: str) -> int:
    """Return the size on the server, from the headers: a file may shrink while it is sent."""
    filename, subfolder = split(path)
    place = {"filename": filename, "subfolder": subfolder, "type": "input"}
    return int((await comfy.head("/view", params=place)).headers["Content-Length"])


def path_in(graph: Graph) -> str:
    [path] = [node["inputs"]["image"] for node in graph.values() if "Load" in node["class_type"]]
    return path


async def path_of(comfy: httpx.AsyncClient, attempt_id: UUID) -> str:
    entry = (await comfy.get(f"/history/{attempt_id}")).json()[str(attempt_id)]
    return path_in(entry["prompt"][2])


async def completed(fleet: Fleet, entry: ClaimedNode, order: AttemptOrder) -> None:
    await fleet.run(entry, order)
    end = await fleet.outcome(order)
    assert end.outcome is Outcome.COMPLETED, end


async def test_an_input_is_emptied_after_its_last_attempt_and_sent_again_for_the_next(
    fleet: Fleet, comfy_url: str
) -> None:
    content = a_png("crimson")
    first, second = await a_resizing(fleet, content), await a_resizing(fleet, content)
    entry = await fleet.add_node(comfy_url, engine_settings=AT_ONCE)
    async with fleet.agent(), httpx.AsyncClient(base_url=comfy_url) as comfy:
        await fleet.ready(entry)
        for order in (first, second):
            await completed(fleet, entry, order)
            path = await path_of(comfy, order.attempt_id)

            async def is_emptied(path: str = path) -> bool:
                return await size_of(comfy, path) == 0

            await eventually(is_emptied)
        assert path == await path_of(comfy, first.attempt_id)


async def test_an_agent_empties_inputs_that_the_one_before_it_left(
    fleet: Fleet, comfy_url: str
) -> None:
    order = await a_resizing(fleet, a_png("navy"))
    entry = await fleet.add_node(comfy_url)
    async with httpx.AsyncClient(base_url=comfy_url) as comfy:
        async with fleet.agent():
            await fleet.ready(entry)
            await completed(fleet, entry, order)
        path = await path_of(comfy, order.attempt_id)
        assert await size_of(comfy, path) > 0
        await fleet.wish(entry.model_copy(update={"engine_settings": AT_ONCE}))

        async def is_emptied() -> bool:
            return await size_of(comfy, path) == 0

        async with fleet.agent():
            await eventually(is_emptied)


@pytest.fixture
def entry(comfy_url: str) -> ClaimedNode:
    return ClaimedNode(node_id=new_id(), name="n", base_url=comfy_url)


async def staged(engine: ComfyUI, attempt: Heard, content: bytes, mark: str) -> EngineWork:
    """Return the work of an attempt that loads the picture."""
    path = engine.keep_input(attempt.attempt_id, f"cf/{mark}.png")
    media_id = new_id()
    file = InputFile(
        media_id=media_id, name=path, url="", content_type="image/png", size_bytes=len(content)
    )
    if not engine.has_input(path):
        await engine.upload(file, io.BytesIO(content))
    inputs = {"image": {"media": str(media_id)}, "width": 32, "height": 16, "method": "lanczos"}
    return engine.prepare(
        attempt.task, attempt.version, inputs | {"crop": False}, {str(media_id): path}
    )


async def sweep(engine: ComfyUI) -> None:
    await empty_inputs(engine, engine.inputs.unused_for(0))


async def test_an_input_that_two_attempts_share_stays_until_both_have_ended(
    entry: ClaimedNode,
) -> None:
    mark, content = new_id().hex, a_png("olive")
    first, second = of(shipped("resize")), of(shipped("resize"))
    async with (
        open_comfyui(entry, ComfyUISettings()) as engine,
        httpx.AsyncClient(base_url=entry.base_url) as comfy,
    ):
        works = [await staged(engine, attempt, content, mark) for attempt in (first, second)]
        path = path_in(works[0].graph)
        await engine.discard(first.attempt_id)
        await sweep(engine)
        assert await size_of(comfy, path) == len(content)
        await engine.run(second.task, works[1])
        await engine.discard(second.attempt_id)
        await sweep(engine)
        assert await size_of(comfy, path) == 0


async def test_an_input_stays_while_a_prompt_of_an_earlier_session_waits_for_it(
    entry: ClaimedNode,
) -> None:
    content, attempt = a_png("orchid"), of(shipped("resize"))
    slow = new_id()
    async with httpx.AsyncClient(base_url=entry.base_url) as comfy:
        await comfy.post("/prompt", json={"prompt": slow_steps(30).graph, "prompt_id": str(slow)})
        async with open_comfyui(entry, ComfyUISettings()) as engine:
            work = await staged(engine, attempt, content, new_id().hex)
            extra = {"comfyfleet_node": str(entry.node_id)}
            body = {"prompt": work.graph, "prompt_id": str(attempt.attempt_id), "extra_data": extra}
            assert (await comfy.post("/prompt", json=body)).status_code == 200
        async with open_comfyui(entry, ComfyUISettings()) as engine:
            await engine.tidy([attempt.attempt_id])
            assert [*engine.inputs.files] == [path_in(work.graph)]
            await sweep(engine)
            assert await size_of(comfy, path_in(work.graph)) == len(content)
            await engine.cancel(slow)
            await engine.resume(attempt.task)
            await sweep(engine)
            assert await size_of(comfy, path_in(work.graph)) == 0
