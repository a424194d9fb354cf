"""The agent runs a server itself, and neither loses more by the death of the other than it must."""

import asyncio
import os
import signal

import pytest

from contracts.access import Actor
from contracts.agent import Cause, Outcome
from contracts.errors import NotFoundError
from contracts.node_log import ReadLog
from contracts.values import new_id
from runtime.testing.ports import eventually

from .fleet import Fleet, an_order
from .graphs import quick, slow_steps
from .managed import SLOW_START, Managed, managed

__all__ = ["managed"]
NOBODY = Actor(user_id=new_id())


async def test_a_server_is_started_announced_and_used(fleet: Fleet, managed: Managed) -> None:
    order = an_order(await fleet.publish(quick()))
    async with fleet.agent(**managed.settings()):
        entry = await managed.is_taken()
        await fleet.run(entry, order)
        end = await fleet.outcome(order, SLOW_START)

    assert end.outcome is Outcome.COMPLETED
    assert (entry.machine, entry.name) == ("box", "box")
    assert entry.base_url == f"http://127.0.0.1:{managed.port}"
    assert "its server starts" in {beat.reason for beat in fleet.beats}


async def test_a_killed_server_comes_back_and_its_attempt_is_lost(
    fleet: Fleet, managed: Managed
) -> None:
    lost = an_order(await fleet.publish(slow_steps(steps=1_000)))
    again = an_order(await fleet.publish(quick()))
    async with fleet.agent(**managed.settings()):
        entry = await managed.is_taken()
        await fleet.run(entry, lost)
        await managed.is_executing()
        first = managed.pid
        os.kill(first, signal.SIGKILL)
        end = await fleet.outcome(lost, SLOW_START)
        await managed.is_taken()
        await fleet.run(entry, again)
        assert (await fleet.outcome(again, SLOW_START)).outcome is Outcome.COMPLETED
        assert managed.pid not in (0, first)

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.LOST)
    said = {beat.reason or "" for beat in fleet.beats}
    assert any("killed by SIGKILL: listening on http" in reason for reason in said), said
    assert not any(b.is_paused for b in fleet.beats if "again, after it" in (b.reason or ""))


async def test_the_server_of_a_killed_agent_goes_on_with_its_attempt(
    fleet: Fleet, managed: Managed
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=80)))
    async with fleet.agent(**managed.settings()):
        entry = await managed.is_taken()
        await fleet.run(entry, order)
        await managed.is_executing()
        first = managed.pid
    assert order.attempt_id not in fleet.finished
    fleet.live = [order]
    async with fleet.agent(**managed.settings()):
        end = await fleet.outcome(order, SLOW_START)
        assert managed.pid == first
        assert fleet.claims[entry.node_id] == 2

    assert end.outcome is Outcome.COMPLETED


async def test_a_server_of_other_settings_is_replaced(fleet: Fleet, managed: Managed) -> None:
    async with fleet.agent(**managed.settings()):
        await managed.is_taken()
        first = managed.pid
    async with fleet.agent(**managed.settings(comfyui_environment={"A": "{port}"})):
        await eventually(lambda: managed.pid not in (0, first), SLOW_START)


async def test_an_agent_that_stops_gives_the_jobs_back_and_stops_its_server(
    fleet: Fleet, managed: Managed
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=1_000)))
    async with fleet.agent(**managed.settings()) as running:
        entry = await managed.is_taken()
        await fleet.run(entry, order)
        await managed.is_executing()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(SLOW_START):
            await running

    end = fleet.finished[order.attempt_id]
    assert (end.outcome, end.is_moved) == (Outcome.CANCELED, True)
    assert managed.pid == 0


async def test_the_log_of_a_server_is_read_without_colors(fleet: Fleet, managed: Managed) -> None:
    colored = "/bin/sh -c 'printf \"a\\nb\\033[31m red\\033[0m\\n\"; exec sleep 600'"
    async with fleet.agent(**managed.settings(comfyui_command=colored)):
        entry = await managed.sees(lambda beat: beat.reason == "its server starts")
        await eventually(lambda: managed.log.endswith("\n"))
        theirs = ReadLog(actor=NOBODY, node_id=entry.node_id, line_count=1)
        answer = await fleet.gateway.call(theirs)
        whole = await fleet.gateway.call(theirs.model_copy(update={"line_count": 1_000}))

    assert (answer.lines, whole.lines) == (["b red"], ["a", "b red"])


async def test_a_server_that_somebody_else_runs_has_no_log(fleet: Fleet, engine_url: str) -> None:
    node = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(node)
        with pytest.raises(NotFoundError) as refused:
            await fleet.gateway.call(ReadLog(actor=NOBODY, node_id=node.node_id, line_count=1))

    assert refused.value.code == "no_log"


async def test_a_server_that_cannot_start_says_why(fleet: Fleet, managed: Managed) -> None:
    broken = "/bin/sh -c 'echo no such option >&2; exit 3'"
    async with fleet.agent(**managed.settings(comfyui_command=broken)):
        await managed.sees(lambda beat: "(restart in 1 s)" in (beat.reason or ""))

    reasons = {beat.reason for beat in fleet.beats if beat.reason}
    expected = "its server died (restart in 1 s): it exited with 3: no such option"
    assert expected in reasons, reasons
    assert not any(beat.is_reachable for beat in fleet.beats)


async def test_a_program_that_has_the_port_is_not_taken_for_the_server(
    fleet: Fleet, managed: Managed, engine_url: str
) -> None:
    port = int(engine_url.rpartition(":")[2])
    async with fleet.agent(**managed.settings(comfyui_port=port)):
        await managed.sees(lambda beat: "is taken by another program" in (beat.reason or ""))

    assert not any(beat.is_reachable for beat in fleet.beats)


async def test_a_node_of_another_machine_is_left_alone(fleet: Fleet, engine_url: str) -> None:
    theirs = await fleet.add_node(engine_url, machine="other")
    mine = await fleet.add_node(engine_url, machine="box")
    async with fleet.agent(machine="box"):
        await fleet.ready(mine)

    assert theirs.node_id not in fleet.claims
