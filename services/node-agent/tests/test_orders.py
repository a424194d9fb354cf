"""Whom the agent obeys, and what it remembers."""

import asyncio

import pytest

from contracts.agent import Outcome, RunAttempt
from contracts.errors import ConflictError, UnavailableError
from contracts.values import new_id
from runtime.testing.ports import eventually

from .fleet import EPOCH, Fleet, an_order
from .graphs import quick, slow_steps


async def test_an_order_of_an_older_claim_or_epoch_is_refused(
    fleet: Fleet, engine_url: str
) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        with pytest.raises(ConflictError) as epoch:
            await fleet.run(entry, order, epoch=EPOCH - 1)
        stale = RunAttempt(node_id=entry.node_id, claim=0, epoch=EPOCH, order=order)
        with pytest.raises(ConflictError) as claim:
            await fleet.scheduler.call(stale)

    assert (epoch.value.code, claim.value.code) == ("stale_epoch", "stale_claim")


async def test_the_same_order_again_changes_nothing(fleet: Fleet, engine_url: str) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=5)))
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await asyncio.gather(*(fleet.run(entry, order) for _ in range(5)))
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED
    assert len(fleet.reports) == 1


async def test_a_cancel_that_overtakes_its_order_works(fleet: Fleet, engine_url: str) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.cancel(entry, order.attempt_id)
        await fleet.run(entry, order)
        await eventually(lambda: len(fleet.reports) == 2)

    assert {report.end.outcome for report in fleet.reports} == {Outcome.CANCELED}


async def test_a_prepared_attempt_is_recalled_without_a_trace(
    fleet: Fleet, engine_url: str
) -> None:
    version = await fleet.publish(slow_steps(steps=30, seconds_per_step=0.05))
    running, prepared = an_order(version), an_order(version)
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, running)
        await fleet.run(entry, prepared)
        await fleet.cancel(entry, prepared.attempt_id)
        assert (await fleet.outcome(prepared, within=2)).outcome is Outcome.CANCELED
        assert running.attempt_id not in fleet.finished
        await fleet.cancel(entry, running.attempt_id)
        await fleet.outcome(running)


async def test_without_a_leader_nothing_new_is_started(fleet: Fleet, engine_url: str) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        fleet.is_leading = False

        async def is_refused() -> bool:
            try:
                await fleet.run(entry, an_order(order.version_hash))
            except UnavailableError as error:
                return error.code == "no_leader"
            return False

        async def is_refused_for_good() -> bool:
            try:
                await fleet.run(entry, refused)
            except UnavailableError as error:
                return error.code == "refused"
            return False

        refused = an_order(order.version_hash)
        await eventually(is_refused)
        with pytest.raises(UnavailableError):
            await fleet.run(entry, refused)
        fleet.is_leading = True
        await eventually(is_refused_for_good)
        await fleet.sees(entry, lambda beat: not beat.attempts)
        await eventually(lambda: accepted(fleet))


def accepted(fleet: Fleet) -> bool:
    return all(end.outcome is Outcome.COMPLETED for end in fleet.finished.values())


async def test_a_watched_job_shows_previews_and_others_do_not(fleet: Fleet, comfy_url: str) -> None:
    version = await fleet.publish(slow_steps(steps=25, preview=True))
    watched, unwatched = an_order(version), an_order(version)
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.watch_job(watched)
        await fleet.run(entry, watched)
        await eventually(lambda: len(fleet.previews) > 1)
        await fleet.cancel(entry, watched.attempt_id)
        await fleet.run(entry, unwatched)
        await fleet.outcome(unwatched)

    assert {preview.job_id for preview in fleet.previews} == {watched.job_id}
    assert {preview.owner_id for preview in fleet.previews} == {watched.owner_id}
    assert all(len(preview.data) <= 64 * 1024 for preview in fleet.previews)


async def test_an_agent_that_lost_its_claim_goes_silent_and_leaves_the_prompt(
    fleet: Fleet, engine_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=30, seconds_per_step=0.05)))
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
        fleet.live = [order]
        fleet.claims[entry.node_id] += 1
        taken = {"claim": 2, "agent_id": new_id(), "is_claimable": False}
        await fleet.wish(entry.model_copy(update=taken))
        silence = len(fleet.beats)
        await fleet.wish(entry.model_copy(update=taken | {"is_claimable": True}))
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED
    assert fleet.reports[-1].claim == 3
    assert all(beat.claim in (1, 3) for beat in fleet.beats[silence:])


async def test_a_removed_node_is_cleared_out_and_let_go(fleet: Fleet, engine_url: str) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=100)))
    entry = await fleet.add_node(engine_url)
    other = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.ready(other)
        await fleet.run(entry, order)
        await fleet.sees(other, lambda beat: beat.other_node_id == entry.node_id)
        await fleet.unwish(entry)
        await fleet.sees(other, lambda beat: beat.foreign_prompts == 0)
        claim = fleet.claims[entry.node_id]
        await fleet.sees(other, lambda beat: beat.is_reachable)

    assert fleet.claims[entry.node_id] == claim
    assert order.attempt_id not in fleet.finished


async def test_a_disabled_node_finishes_what_it_has(fleet: Fleet, engine_url: str) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=10)))
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await fleet.wish(entry.model_copy(update={"is_enabled": False}))
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED
