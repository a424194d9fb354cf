"""Results that are stored take no more space on the engine's server."""

import secrets

import httpx
import pytest

from contracts.agent import AttemptOrder, Outcome
from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.comfyui.leftovers import empty_results
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.testing.ports import eventually
from runtime.testing.relay import relay

from .fleet import Fleet, an_order
from .graphs import a_version, an_image, quick, saved


async def sizes_of_results(comfy: httpx.AsyncClient, attempt_id: object) -> list[int]:
    history = (await comfy.get(f"/history/{attempt_id}")).json()
    outputs = history[str(attempt_id)]["outputs"].values()
    files = [file for output in outputs for file in output["images"]]
    return [len((await comfy.get("/view", params=file)).content) for file in files]


async def emptied(comfy: httpx.AsyncClient, order: AttemptOrder, sizes: list[int]) -> bool:
    try:
        return await sizes_of_results(comfy, order.attempt_id) == sizes
    except httpx.RemoteProtocolError:  # the file shrank while the server was sending it
        return False


async def test_a_stored_result_is_emptied_on_the_server(fleet: Fleet, comfy_url: str) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent(), httpx.AsyncClient(base_url=comfy_url) as comfy:
        await fleet.ready(entry)
        await fleet.run(entry, order)
        assert (await fleet.outcome(order)).outcome is Outcome.COMPLETED

        async def is_emptied() -> bool:
            return await emptied(comfy, order, [0])

        await eventually(is_emptied)

    assert len(await fleet.media.bytes_of(order.grant)) > 0


async def test_a_result_is_emptied_although_the_server_broke_off(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(quick()))
    async with relay(comfy_url) as proxy, httpx.AsyncClient(base_url=comfy_url) as comfy:
        proxy.drops.append(b"POST /upload/image")
        entry = await fleet.add_node(f"http://{proxy.endpoint}")
        async with fleet.agent():
            await fleet.ready(entry)
            await fleet.run(entry, order)
            assert (await fleet.outcome(order)).outcome is Outcome.COMPLETED

            async def is_emptied() -> bool:
                return await emptied(comfy, order, [0])

            await eventually(is_emptied)
    assert not proxy.drops


async def test_a_node_may_keep_its_outputs(fleet: Fleet, comfy_url: str) -> None:
    version = await fleet.publish(quick())
    kept, next_one = an_order(version), an_order(version)
    entry = await fleet.add_node(comfy_url, engine_settings={"keep_outputs": True})
    async with fleet.agent(), httpx.AsyncClient(base_url=comfy_url) as comfy:
        await fleet.ready(entry)
        for order in (kept, next_one):  # the agent has left the first when the second has ended
            await fleet.run(entry, order)
            assert (await fleet.outcome(order)).outcome is Outcome.COMPLETED
        [size] = await sizes_of_results(comfy, kept.attempt_id)

    assert size > 0


async def test_files_of_an_attempt_that_failed_are_emptied_too(
    fleet: Fleet, comfy_url: str
) -> None:
    failing = {"image": ["1", 0], "message": "boom", "seed": secrets.randbelow(2**32)}
    graph = {
        "1": an_image(),
        "2": {"class_type": "AlwaysRaises", "inputs": failing},
        "3": saved("1"),
        "4": saved("2"),
    }
    order = an_order(await fleet.publish(a_version(graph, "3", "4")))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent(), httpx.AsyncClient(base_url=comfy_url) as comfy:
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)

        async def are_emptied() -> bool:
            return await emptied(comfy, order, [0])

        await eventually(are_emptied)
    assert end.outcome is Outcome.FAILED


@pytest.mark.parametrize("is_live", [True, False], ids=["reported anew", "ended"])
async def test_an_agent_empties_recorded_results_that_the_one_before_it_left(
    fleet: Fleet, comfy_url: str, *, is_live: bool
) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(comfy_url, engine_settings={"keep_outputs": True})
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await fleet.outcome(order)
    fleet.live = [order] if is_live else []
    await fleet.wish(entry.model_copy(update={"engine_settings": {}}))

    async with fleet.agent(), httpx.AsyncClient(base_url=comfy_url) as comfy:

        async def is_emptied() -> bool:
            return await emptied(comfy, order, [0])

        await eventually(is_emptied)
    assert len(await fleet.media.bytes_of(order.grant)) > 0


@pytest.mark.parametrize(("subfolder", "size"), [("cf/ID/2", 0), ("video/cf/ID", 0), ("video", 4)])
async def test_only_files_in_the_attempts_own_folder_are_emptied(
    comfy_url: str, subfolder: str, size: int
) -> None:
    attempt_id, name = str(new_id()), f"{new_id()}.png"
    place = {"subfolder": subfolder.replace("ID", attempt_id), "type": "output"}
    entry = ClaimedNode(node_id=new_id(), name="n", base_url=comfy_url)
    async with httpx.AsyncClient(base_url=comfy_url) as comfy:
        await comfy.post("/upload/image", data=place, files={"image": (name, b"film")})
        async with open_comfyui(entry, ComfyUISettings()) as engine:
            report = {"gifs": [{"filename": name, **place}]}
            await empty_results(engine, attempt_id, {"outputs": {"1": report}})
        found = await comfy.get("/view", params={"filename": name, **place})

    assert len(found.content) == size
