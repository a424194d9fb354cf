"""Answers that get lost, files that vanish: nothing runs twice and nothing is forgotten."""

import shutil
from pathlib import Path

from contracts.agent import Outcome
from runtime.testing.ports import eventually
from runtime.testing.relay import relay

from .conftest import StartEngine
from .fleet import Fleet, an_order
from .graphs import quick, shipped
from .test_attempts import a_png


async def test_a_prompt_whose_answer_was_lost_is_not_posted_again(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(quick()))
    async with relay(comfy_url) as proxy:
        entry = await fleet.add_node(f"http://127.0.0.1:{proxy.port}")
        async with fleet.agent():
            await fleet.ready(entry)
            proxy.loses.append(b"POST /prompt")
            await fleet.run(entry, order)
            end = await fleet.outcome(order)
        posts = [line for line in proxy.seen if line.startswith(b"POST /prompt")]

    assert end.outcome is Outcome.COMPLETED
    assert len(posts) == 1


async def test_a_report_is_repeated_until_it_is_answered(fleet: Fleet, engine_url: str) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(engine_url)
    fleet.deaf_for = 2
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)
        await fleet.sees(entry, lambda beat: not beat.attempts)

    assert end.outcome is Outcome.COMPLETED


async def test_an_input_is_sent_once_and_again_when_the_server_lost_it(
    fleet: Fleet, start_engine: StartEngine, tmp_path: Path
) -> None:
    url = start_engine(home=tmp_path)
    version = await fleet.publish(shipped("resize"))
    async with relay(url) as proxy:
        kept = {"keep_outputs": True}  # emptying an output is an upload too
        address = f"http://127.0.0.1:{proxy.port}"
        entry = await fleet.add_node(address, engine_settings=kept)
        async with fleet.agent():
            await fleet.ready(entry)
            for uploads in (1, 1, 2):
                if uploads > 1:
                    shutil.rmtree(tmp_path / "input")
                attempt = an_order(version)
                media_id = await fleet.media.upload(attempt.grant, a_png())
                values = {"width": 32, "height": 16, "method": "area", "crop": False}
                inputs = values | {"image": {"media": str(media_id)}}
                order = attempt.model_copy(update={"inputs": inputs, "media": [media_id]})
                await fleet.run(entry, order)
                assert (await fleet.outcome(order)).outcome is Outcome.COMPLETED
                sent = [line for line in proxy.seen if line.startswith(b"POST /upload")]
                assert len(sent) == uploads


async def test_a_websocket_that_breaks_is_made_anew(
    fleet: Fleet, start_engine: StartEngine
) -> None:
    async with relay(start_engine()) as proxy:
        proxy.loses.append(b"GET /ws?clientId=")
        entry = await fleet.add_node(f"http://127.0.0.1:{proxy.port}")
        async with fleet.agent():
            await fleet.ready(entry)
            await eventually(lambda: len(connections(proxy.seen)) > 1)

    assert len(set(connections(proxy.seen))) == len(connections(proxy.seen))


def connections(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if line.startswith(b"GET /ws")]
