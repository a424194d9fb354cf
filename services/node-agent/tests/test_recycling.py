"""A server is warmed up before it takes attempts, and replaced without interrupting any."""

from contracts.agent import Outcome
from runtime.testing.ports import eventually

from .fleet import Fleet, an_order
from .graphs import quick, raising, slow_steps
from .managed import SLOW_START, Managed, managed, publish_named

__all__ = ["managed"]
WARM_UP = {"warm_up_workflow": "test@1"}


async def test_a_server_is_warmed_up_before_it_takes_attempts(
    fleet: Fleet, managed: Managed
) -> None:
    await publish_named(fleet, slow_steps(steps=20))
    order = an_order(await fleet.publish(quick()))
    async with fleet.agent(**managed.settings(**WARM_UP)):
        entry = await managed.sees(lambda b: b.reason == "its server is warmed up with test@1")
        await managed.is_taken()
        await fleet.run(entry, order)
        assert (await fleet.outcome(order, SLOW_START)).outcome is Outcome.COMPLETED

    warming = [beat for beat in fleet.beats if "warmed up" in (beat.reason or "")]
    assert all(beat.is_paused and not beat.attempts for beat in warming)
    assert not any(beat.leftover_prompts or beat.foreign_prompts for beat in fleet.beats)
    assert fleet.beats[-1].reason is None


async def test_a_warm_up_that_fails_is_said_and_blocks_nobody(
    fleet: Fleet, managed: Managed
) -> None:
    await publish_named(fleet, raising("no such tensor"))
    order = an_order(await fleet.publish(quick()))
    async with fleet.agent(**managed.settings(**WARM_UP)):
        entry = await managed.is_taken()
        await fleet.run(entry, order)
        assert (await fleet.outcome(order, SLOW_START)).outcome is Outcome.COMPLETED

    reason = fleet.beats[-1].reason or ""
    assert reason.startswith("its warm-up with test@1 failed: ")
    assert "no such tensor" in reason


async def test_a_warm_up_without_end_is_stopped(fleet: Fleet, managed: Managed) -> None:
    await publish_named(fleet, slow_steps(steps=1_000))
    async with fleet.agent(**managed.settings(**WARM_UP, warm_up_seconds=1.0)):
        await managed.is_taken()
        await eventually(lambda: not fleet.beats[-1].leftover_prompts)

    assert fleet.beats[-1].reason == "its warm-up with test@1 failed: it did not end within 1 s"
    assert fleet.beats[-1].foreign_prompts == 0


async def test_a_workflow_that_does_not_exist_warms_nothing(fleet: Fleet, managed: Managed) -> None:
    async with fleet.agent(**managed.settings(warm_up_workflow="nobody")):
        await managed.is_taken()

    expected = "its warm-up with nobody failed: there is no workflow nobody"
    assert fleet.beats[-1].reason == expected


async def test_a_server_is_replaced_after_its_attempts_and_interrupts_none(
    fleet: Fleet, managed: Managed
) -> None:
    version = await fleet.publish(slow_steps(steps=10))
    orders = [an_order(version) for _ in range(3)]
    async with fleet.agent(**managed.settings(recycle_after_attempts=1)):
        entry = await managed.is_taken()
        first = managed.pid
        await fleet.run(entry, orders[0])
        await managed.sees(lambda beat: beat.is_paused and len(beat.attempts) == 1)
        await fleet.run(entry, orders[1])  # it was on its way when the pause began
        ends = [await fleet.outcome(order, SLOW_START) for order in orders[:2]]
        await managed.is_taken()
        assert managed.pid not in (0, first)
        await fleet.run(entry, orders[2])
        ends.append(await fleet.outcome(orders[2], SLOW_START))

    assert [end.outcome for end in ends] == [Outcome.COMPLETED] * 3
    reasons = {beat.reason for beat in fleet.beats}
    assert "its server is restarted: it has run 1 attempts" in reasons
    assert not any("died" in (reason or "") for reason in reasons)


async def test_a_server_that_grew_is_replaced(fleet: Fleet, managed: Managed) -> None:
    order = an_order(await fleet.publish(quick()))
    async with fleet.agent(**managed.settings(recycle_above_mb=1)):
        entry = await managed.is_taken()
        first = managed.pid
        await fleet.run(entry, order)
        await eventually(lambda: managed.pid not in (0, first), SLOW_START)

    assert (await fleet.outcome(order, SLOW_START)).outcome is Outcome.COMPLETED
