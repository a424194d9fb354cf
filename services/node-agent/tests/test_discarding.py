"""Results that are stored take no more space on the engine's server."""

import httpx

from contracts.agent import Outcome
from runtime.testing.ports import eventually

from .fleet import Fleet, an_order
from .graphs import quick


async def sizes_of_results(fleet: Fleet, url: str, **settings: object) -> list[int]:
    """Run a graph; return the sizes of its files on the server once they are final."""
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(url, engine_settings=settings)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)
        assert end.outcome is Outcome.COMPLETED, end
        async with httpx.AsyncClient(base_url=url) as comfy:

            async def sizes() -> list[int]:
                history = (await comfy.get(f"/history/{order.attempt_id}")).json()
                outputs = history[str(order.attempt_id)]["outputs"].values()
                files = [file for output in outputs for file in output["images"]]
                return [len((await comfy.get("/view", params=file)).content) for file in files]

            if not settings:

                async def are_empty() -> bool:
                    return not any(await sizes())

                await eventually(are_empty)
            found = await sizes()
    assert len(await fleet.media.bytes_of(order.grant)) > 0
    return found


async def test_a_stored_result_is_emptied_on_the_server(fleet: Fleet, comfy_url: str) -> None:
    assert await sizes_of_results(fleet, comfy_url) == [0]


async def test_a_node_may_keep_its_outputs(fleet: Fleet, comfy_url: str) -> None:
    [size] = await sizes_of_results(fleet, comfy_url, keep_outputs=True)
    assert size > 0
