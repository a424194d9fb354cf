"""No place for files beside the agent: not the workflow's fault, and no work is lost by it."""

import io
import secrets
import tempfile

import pytest
from PIL import Image

from contracts.agent import Cause, Outcome
from runtime.testing.ports import eventually
from runtime.testing.relay import relay

from .fleet import Fleet, an_order
from .graphs import shipped


def noise(side: int) -> bytes:
    """A picture that no compression makes small."""
    target = io.BytesIO()
    Image.frombytes("RGB", (side, side), secrets.token_bytes(side * side * 3)).save(target, "PNG")
    return target.getvalue()


async def test_a_big_result_waits_for_a_place_and_is_made_once(
    fleet: Fleet, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = an_order(await fleet.publish(shipped("resize")))
    media_id = await fleet.media.upload(attempt.grant, noise(400))
    inputs = {"image": {"media": str(media_id)}, "width": 2_000, "height": 2_000}
    inputs |= {"method": "bicubic", "crop": False}
    order = attempt.model_copy(update={"inputs": inputs, "media": [media_id]})
    async with relay(engine_url) as engine:
        entry = await fleet.add_node(f"http://127.0.0.1:{engine.port}")
        async with fleet.agent():
            await fleet.ready(entry)
            monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
            await fleet.run(entry, order)
            await eventually(lambda: sum(line.startswith(b"GET /view") for line in engine.seen) > 1)
            assert not fleet.finished
            monkeypatch.undo()
            end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED, end
    assert sum(line.startswith(b"POST /prompt") for line in engine.seen) == 1


async def test_an_input_without_a_place_may_be_tried_elsewhere(
    fleet: Fleet, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = an_order(await fleet.publish(shipped("resize")))
    media_id = await fleet.media.upload(attempt.grant, noise(1_200))
    order = attempt.model_copy(update={"media": [media_id]})
    entry = await fleet.add_node(engine_url)
    async with fleet.agent():
        await fleet.ready(entry)
        monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
        await fleet.run(entry, order)
        end = await fleet.outcome(order)

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.INPUT)
