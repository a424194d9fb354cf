"""Why a node cannot be used, in words that tell its operator what to do."""

from typing import Any

import pytest

from contracts.scheduler.nodes import ClaimedNode
from runtime.testing.canned import Answers, canned
from runtime.testing.ports import eventually, free_port

from .conftest import StartEngine
from .fleet import Fleet, an_order, refused
from .graphs import slow_steps

EMPTY: Answers = {"queue_running": [], "queue_pending": []}
OLD: Answers = {"/queue": EMPTY, "/system_stats": {"system": {"comfyui_version": "0.3.56"}}}
BROKEN: Answers = {
    "/queue": EMPTY,
    "/system_stats": {"system": {}},
    "/models": [],
    "/object_info": 500,
}
NO_QUEUE: Answers = {"/queue": {"error": "no"}}
NOTHING: Answers = {"/queue": 404}


async def is_told(fleet: Fleet, entry: ClaimedNode, reason: str, *, is_reachable: bool) -> None:
    def says_so(told: str | None, reached: object) -> bool:
        return reason in (told or "") and reached is is_reachable

    await fleet.sees(entry, lambda beat: says_so(beat.reason, beat.is_reachable))


async def test_where_nobody_listens_the_connection_is_refused(fleet: Fleet) -> None:
    place = f"127.0.0.1:{free_port()}/gpu/7"
    entry = await fleet.add_node(f"http://user:secret@{place}")
    async with fleet.agent():
        reason = f"http://{place} refuses the connection: nobody listens there"
        await is_told(fleet, entry, reason, is_reachable=False)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"/queue": 403}, "answers 403: something in front of ComfyUI refuses the agent"),
        (NOTHING, "answers 404 to /queue"),
        (NO_QUEUE, "answers, but not as ComfyUI does"),
        (OLD, "runs ComfyUI 0.3.56: 0.3.57 or later is needed"),
    ],
)
async def test_a_server_that_is_no_comfyui_of_use_is_not_reachable(
    fleet: Fleet, answers: Answers, reason: str
) -> None:
    with canned(answers) as server:
        entry = await fleet.add_node(server.url)
        async with fleet.agent():
            await is_told(fleet, entry, f"{server.url} {reason}", is_reachable=False)


async def test_a_server_that_cannot_describe_itself_says_so(fleet: Fleet) -> None:
    with canned(BROKEN) as server:
        entry = await fleet.add_node(server.url)
        async with fleet.agent():
            reason = f"{server.url} answers 500 to /object_info"
            await is_told(fleet, entry, reason, is_reachable=True)


async def test_two_nodes_of_two_agents_notice_that_they_are_one_server(
    fleet: Fleet, start_engine: StartEngine
) -> None:
    port = start_engine().rpartition(":")[2]
    order = an_order(await fleet.publish(slow_steps(steps=100)))
    one = await fleet.add_node(f"http://127.0.0.1:{port}", pool="one")
    two = await fleet.add_node(f"http://localhost:{port}", pool="two")
    async with fleet.agent(pool="one"), fleet.agent(pool="two"):
        await fleet.ready(one)
        await fleet.ready(two)
        await fleet.run(one, order)
        await fleet.sees(two, lambda beat: beat.other_node_id == one.node_id)
        await fleet.cancel(one, order.attempt_id)
        await fleet.sees(two, lambda beat: beat.other_node_id is None)

    assert all(beat.other_node_id is None for beat in fleet.beats if beat.node_id == one.node_id)


async def test_a_node_whose_engine_the_agent_does_not_have_says_so(
    fleet: Fleet, engine_url: str
) -> None:
    order = an_order("0" * 64)
    entry = await fleet.add_node(engine_url, engine="other")
    async with fleet.agent():
        reason = f"{engine_url} needs engine 'other', which this agent does not have"
        await is_told(fleet, entry, reason, is_reachable=False)
        assert (await refused(fleet, entry, order)).code == "unreachable"
        await fleet.wish(entry.model_copy(update={"engine": "comfyui"}))
        await fleet.ready(entry)


async def test_a_node_is_claimed_anew_when_its_engine_settings_change(
    fleet: Fleet, engine_url: str
) -> None:
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.wish(entry.model_copy(update={"engine_settings": {"dead_after_seconds": 9}}))
        await eventually(lambda: fleet.asked[entry.node_id] == 2)
        await fleet.ready(entry)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"dead_afer_seconds": 9}, "'dead_afer_seconds' is unknown"),
        (
            {"probe_timeout_seconds": "long"},
            "'probe_timeout_seconds' is not valid: Input should be a valid number",
        ),
    ],
)
async def test_a_node_with_a_setting_that_its_engine_refuses_says_so(
    fleet: Fleet, engine_url: str, settings: dict[str, Any], reason: str
) -> None:
    entry = await fleet.add_node(engine_url, engine_settings=settings)
    async with fleet.agent():
        reason = f"{engine_url} cannot be used: its engine setting {reason}"
        await is_told(fleet, entry, reason, is_reachable=False)
        await fleet.wish(entry.model_copy(update={"engine_settings": {}}))
        await fleet.ready(entry)
