"""A node that did harm must pass a trial before it gets jobs again."""

from contracts.access import Actor
from contracts.node_queue import FindQueue
from contracts.values import new_id
from runtime.testing.ports import eventually

from .conftest import StartEngine
from .fleet import Fleet
from .graphs import slow_steps
from .test_failures import switch
from .test_queues import interrupt, post


async def test_a_node_that_runs_a_trial_prompt_has_passed(fleet: Fleet, comfy_url: str) -> None:
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.wish(
            entry.model_copy(update={"trial": 7, "claim": fleet.claims[entry.node_id]})
        )
        await fleet.sees(entry, lambda beat: beat.passed_trial == 7)

    assert {beat.passed_trial for beat in fleet.beats} == {0, 7}


async def test_a_trial_that_fails_says_why(fleet: Fleet, start_engine: StartEngine) -> None:
    url = start_engine()
    message = "CUDA error: an illegal memory access"
    await switch(url, fail_class="ImageBlur", fail_type="RuntimeError", fail_message=message)
    entry = await fleet.add_node(url, trial=3)
    async with fleet.agent():
        await fleet.sees(entry, lambda beat: beat.reason == f"a trial failed: {message}")
        await eventually(lambda: fleet.beats[-1].foreign_prompts == 0)

    assert {beat.passed_trial for beat in fleet.beats} == {0}


async def test_a_trial_is_no_foreign_prompt(fleet: Fleet, comfy_url: str) -> None:
    entry = await fleet.add_node(comfy_url, trial=3)
    query = FindQueue(actor=Actor(user_id=new_id()), node_id=entry.node_id)
    foreign = await post(comfy_url, slow_steps(steps=400).graph)

    async def is_behind() -> bool:
        return (await fleet.gateway.call(query)).prompt_count == 2

    async with fleet.agent():
        await fleet.sees(entry, lambda beat: beat.foreign_prompts == 1)
        await eventually(is_behind, 10)
        await fleet.sees(entry, lambda beat: not beat.passed_trial)
        await interrupt(comfy_url, foreign)
        await fleet.sees(entry, lambda beat: beat.passed_trial == 3)

    assert {beat.foreign_prompts for beat in fleet.beats} == {0, 1}
