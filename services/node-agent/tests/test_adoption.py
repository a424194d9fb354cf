"""An agent takes over what another left: nothing that the GPU did is done again."""

from contextlib import AsyncExitStack

import httpx

from contracts.agent import AttemptOrder, Cause, Outcome
from contracts.scheduler.claims import AttemptPhase, NodeBeat
from runtime.testing.ports import eventually
from runtime.testing.relay import relay

from .fleet import Fleet, an_order
from .graphs import quick, slow_steps


async def history(url: str, order: AttemptOrder) -> dict[str, object]:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{url}/history/{order.attempt_id}")).json()


async def started_and_left(fleet: Fleet, url: str, order: AttemptOrder) -> None:
    """An agent dies with the attempt inside ComfyUI."""
    entry = await fleet.add_node(url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
    assert order.attempt_id not in fleet.finished
    fleet.live = [order]


async def test_a_running_prompt_is_followed_to_its_end(fleet: Fleet, comfy_url: str) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=20, seconds_per_step=0.05)))
    await started_and_left(fleet, comfy_url, order)
    async with fleet.agent():
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED
    assert fleet.reports[-1].claim == 2
    assert end.executed_seconds, "the server says what this agent did not see"
    assert end.executed_seconds >= 20 * 0.05


async def test_a_second_agent_takes_over_when_the_holder_is_killed(
    fleet: Fleet, engine_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=20, seconds_per_step=0.05)))
    entry = await fleet.add_node(engine_url)
    async with AsyncExitStack() as second:
        async with fleet.agent():
            await fleet.ready(entry)
            holder = fleet.holders[entry.node_id]
            held = {"is_claimable": False, "agent_id": holder, "claim": 1}
            await fleet.wish(entry.model_copy(update=held))
            await second.enter_async_context(fleet.agent())
            await fleet.run(entry, order)
            await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
        assert fleet.holders[entry.node_id] == holder, "the second one left the node alone"
        fleet.live = [order]
        await fleet.wish(entry.model_copy(update=held | {"is_claimable": True}))
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED
    assert fleet.holders[entry.node_id] != holder
    assert fleet.reports[-1].claim == 2


async def test_a_prompt_that_ended_meanwhile_is_collected(fleet: Fleet, comfy_url: str) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=12, seconds_per_step=0.05)))
    await started_and_left(fleet, comfy_url, order)

    async def has_ended() -> bool:
        return bool(await history(comfy_url, order))

    await eventually(has_ended)
    async with fleet.agent():
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED
    assert end.outputs[0].width == 64
    assert end.executed_seconds
    assert end.executed_seconds >= 12 * 0.05


async def test_recorded_results_are_reported_without_asking_comfyui(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await fleet.outcome(order)
    fleet.finished.clear()
    fleet.live = [order]
    await fleet.wish(entry.model_copy(update={"base_url": "http://127.0.0.1:9"}))
    async with fleet.agent():
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED
    assert len(end.outputs) == 1


async def test_an_attempt_that_is_looked_for_is_not_run_by_its_order(
    fleet: Fleet, engine_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=30, seconds_per_step=0.05)))
    await started_and_left(fleet, engine_url, order)
    async with relay(engine_url) as proxy:
        proxy.mood = "hangs up"
        [entry] = fleet.entries.values()
        await fleet.wish(entry.model_copy(update={"base_url": f"http://127.0.0.1:{proxy.port}"}))
        async with fleet.agent():
            await fleet.sees(entry, lambda beat: phases(beat) == [AttemptPhase.ADOPTING])
            await fleet.run(entry, order)
            await fleet.sees(entry, lambda beat: phases(beat) == [AttemptPhase.ADOPTING])
            proxy.mood = "well"
            end = await fleet.outcome(order)
        posts = [line for line in proxy.seen if line.startswith(b"POST /prompt")]

    assert (end.outcome, posts) == (Outcome.COMPLETED, [])


def phases(beat: NodeBeat) -> list[AttemptPhase]:
    return [attempt.phase for attempt in beat.attempts]


async def test_a_prompt_that_comfyui_does_not_know_is_lost(fleet: Fleet, comfy_url: str) -> None:
    order = an_order(await fleet.publish(quick()))
    fleet.live = [order]
    await fleet.add_node(comfy_url)
    async with fleet.agent():
        end = await fleet.outcome(order)

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.LOST)
