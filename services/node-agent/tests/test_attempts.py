"""Attempts from order to report, on a server that speaks as ComfyUI does."""

import io

from PIL import Image

from contracts.agent import Cause, Outcome
from contracts.scheduler.claims import AttemptPhase
from runtime.testing.ports import eventually

from .fleet import Fleet, an_order, refused
from .graphs import quick, raising, shipped, slow_steps


def a_png(color: str = "teal", size: tuple[int, int] = (40, 20)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, color).save(target, "PNG")
    return target.getvalue()


async def test_a_graph_runs_and_its_picture_is_stored_and_reported(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED, end
    assert end.timings, "the engine told of its graph nodes"
    classes = [timing.graph_node_class for timing in end.timings.graph_nodes]
    assert sorted(classes) == ["EmptyImage", "SaveImage"]
    [output] = end.outputs
    assert (output.content_type, output.width, output.height) == ("image/png", 64, 48)
    with Image.open(io.BytesIO(await fleet.media.bytes_of(order.grant))) as picture:
        assert picture.size == (64, 48)


async def test_an_input_picture_is_staged_and_resized(fleet: Fleet, comfy_url: str) -> None:
    attempt = an_order(await fleet.publish(shipped("resize")))
    media_id = await fleet.media.upload(attempt.grant, a_png())
    inputs = {"image": {"media": str(media_id)}, "width": 32, "height": 16, "method": "lanczos"}
    order = attempt.model_copy(update={"inputs": inputs | {"crop": False}, "media": [media_id]})
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED, end
    assert (end.outputs[0].width, end.outputs[0].height) == (32, 16)


async def test_a_picture_in_the_temp_folder_is_a_result_too(fleet: Fleet, comfy_url: str) -> None:
    order = an_order(await fleet.publish(quick("PreviewImage")))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED, end
    assert end.outputs[0].width == 64


async def test_a_graph_node_that_raises_is_named(fleet: Fleet, comfy_url: str) -> None:
    order = an_order(await fleet.publish(raising("no /home/someone/secret.txt here")))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.WORKFLOW)
    assert end.error
    assert (end.error.graph_node, end.error.graph_node_class) == ("2", "AlwaysRaises")
    assert end.executed_seconds
    assert end.error.message == "no secret.txt here"


async def test_a_running_attempt_shows_progress_and_is_canceled(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=200)))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await eventually(lambda: any((seen.progress.step or 0) > 1 for seen in fleet.progress))
        assert fleet.progress[-1].job_id == order.job_id
        assert fleet.progress[-1].progress.steps == 200
        await fleet.sees(entry, lambda beat: any(a.executed_seconds for a in beat.attempts))

        await fleet.cancel(entry, order.attempt_id)
        end = await fleet.outcome(order)
        await fleet.sees(entry, lambda beat: not beat.attempts and beat.foreign_prompts == 0)

    assert end.outcome is Outcome.CANCELED
    assert end.executed_seconds, "it used the server until it was stopped"


async def test_the_next_attempt_is_prepared_while_one_runs_and_a_third_is_refused(
    fleet: Fleet, comfy_url: str
) -> None:
    version = await fleet.publish(slow_steps(steps=60, seconds_per_step=0.05))
    first, second, third = an_order(version), an_order(version), an_order(version)
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, first)
        await fleet.run(entry, second)
        await fleet.sees(
            entry,
            lambda beat: (
                {a.phase for a in beat.attempts} == {AttemptPhase.POSTED, AttemptPhase.PREPARING}
            ),
        )
        assert (await refused(fleet, entry, third)).code == "no_room"
        assert (await fleet.outcome(first)).outcome is Outcome.COMPLETED
        assert (await fleet.outcome(second)).outcome is Outcome.COMPLETED


async def test_an_attempt_that_takes_too_long_is_interrupted(fleet: Fleet, comfy_url: str) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=200)), timeout_seconds=0.5)
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)
        await fleet.sees(entry, lambda beat: not beat.attempts and beat.foreign_prompts == 0)

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.TIMEOUT)
