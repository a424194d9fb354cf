"""Attempts that wait behind other work, and attempts that nobody waits for."""

import httpx
import pytest

from contracts.access import Actor
from contracts.agent import Outcome
from contracts.node_queue import FindQueue
from contracts.values import new_id
from runtime.testing.ports import eventually

from .fleet import Fleet, an_order
from .graphs import quick, slow_steps


async def post(url: str, graph: object) -> str:
    """Post a foreign prompt."""
    prompt_id = str(new_id())
    async with httpx.AsyncClient() as client:
        await client.post(f"{url}/prompt", json={"prompt": graph, "prompt_id": prompt_id})
    return prompt_id


async def interrupt(url: str, prompt_id: str) -> None:
    async with httpx.AsyncClient() as client:
        await client.post(f"{url}/interrupt", json={"prompt_id": prompt_id})


@pytest.mark.parametrize("is_move", [False, True])
async def test_an_attempt_behind_a_foreign_prompt_is_pending_and_can_be_recalled_or_moved(
    fleet: Fleet, comfy_url: str, *, is_move: bool
) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(comfy_url)
    foreign = await post(comfy_url, slow_steps(steps=400).graph)
    async with fleet.agent():
        await fleet.sees(entry, lambda beat: beat.foreign_prompts == 1)
        await fleet.run(entry, order)
        await fleet.sees(entry, lambda beat: any(a.is_pending for a in beat.attempts))
        await fleet.cancel(entry, order.attempt_id, is_move=is_move)
        end = await fleet.outcome(order)
        await interrupt(comfy_url, foreign)
        await fleet.sees(entry, lambda beat: beat.foreign_prompts == 0)

    assert (end.outcome, end.is_moved) == (Outcome.CANCELED, is_move)


async def test_a_move_that_comes_after_the_work_has_begun_interrupts_nothing(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=10)))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await fleet.sees(entry, lambda beat: any(a.has_begun for a in beat.attempts))
        await fleet.cancel(entry, order.attempt_id, is_move=True)
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED


async def test_a_move_that_comes_while_results_are_stored_drops_none(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(comfy_url)
    fleet.media.may_open.clear()
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await eventually(lambda: fleet.media.opened > 0)
        await fleet.cancel(entry, order.attempt_id, is_move=True)
        fleet.media.may_open.set()
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED


async def test_an_attempt_that_is_over_and_still_runs_is_told_and_stopped(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=400)))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
    async with fleet.agent():
        await fleet.sees(entry, lambda beat: beat.leftover_prompts == 1)
        await fleet.sees(entry, lambda beat: beat.leftover_prompts == 0)

    assert {beat.foreign_prompts for beat in fleet.beats} == {0}


async def test_the_queue_is_shown_with_the_jobs_of_own_attempts(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(comfy_url)
    query = FindQueue(actor=Actor(user_id=new_id()), node_id=entry.node_id)
    foreign = await post(comfy_url, slow_steps(steps=400).graph)
    async with fleet.agent():
        await fleet.sees(entry, lambda beat: beat.foreign_prompts == 1)
        await fleet.run(entry, order)
        await fleet.sees(entry, lambda beat: any(a.is_pending for a in beat.attempts))
        shown = await fleet.gateway.call(query)
        await interrupt(comfy_url, foreign)
        await fleet.outcome(order)

    own, other = shown.prompts
    assert (own.prompt_id, own.job_id) == (str(order.attempt_id), order.job_id)
    assert (own.state, own.phase, own.owner_id) == ("pending", "posted", order.owner_id)
    assert (other.prompt_id, other.state, other.job_id) == (foreign, "running", None)
    assert shown.prompt_count == 2
