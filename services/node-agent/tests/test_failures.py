"""Each failure of ComfyUI becomes a row of the retry table."""

from typing import Any

import httpx

from contracts.agent import AttemptEnd, AttemptOrder, Cause, Outcome
from contracts.errors import InvalidError
from contracts.scheduler.claims import NodeBeat
from contracts.scheduler.nodes import ClaimedNode
from runtime.testing.ports import eventually, free_port

from .conftest import StartEngine
from .fleet import Fleet, an_order
from .graphs import a_version, an_image, quick, saved, slow_steps


async def switch(url: str, **switches: Any) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(f"{url}/preview-engine/switches", json=switches)
        response.raise_for_status()


async def run_one(fleet: Fleet, url: str, order: AttemptOrder, **settings: Any) -> AttemptEnd:
    entry = await fleet.add_node(url)
    async with fleet.agent(**settings):
        await fleet.ready(entry)
        await fleet.run(entry, order)
        return await fleet.outcome(order)


async def test_the_type_of_an_exception_decides_what_is_broken(
    fleet: Fleet, start_engine: StartEngine
) -> None:
    url = start_engine()
    entry = await fleet.add_node(url)
    version = await fleet.publish(quick())
    async with fleet.agent():
        await fleet.ready(entry)
        for exception, message, cause in (
            ("torch.OutOfMemoryError", "Allocation on device", Cause.OUT_OF_MEMORY),
            ("RuntimeError", "CUDA error: an illegal memory access", Cause.NODE_FAULT),
            ("OSError", "[Errno 28] No space left on device", Cause.NODE_FAULT),
            ("ValueError", "CUDA error: says the prompt", Cause.WORKFLOW),
        ):
            await switch(url, fail_class="SaveImage", fail_type=exception, fail_message=message)
            order = an_order(version)
            await fleet.run(entry, order)
            assert (await fleet.outcome(order)).cause is cause


async def test_results_that_are_refused_for_good_are_not_made_again(
    fleet: Fleet, engine_url: str
) -> None:
    fleet.media.refusal = InvalidError("Result file 0 is damaged.")
    end = await run_one(fleet, engine_url, an_order(await fleet.publish(quick())))

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.WORKFLOW)
    assert end.error
    assert (end.error.code, end.error.message) == ("outputs_refused", "Result file 0 is damaged.")


async def test_a_class_that_is_not_there_is_missing(fleet: Fleet, comfy_url: str) -> None:
    graph: dict[str, Any] = {
        "1": an_image(),
        "2": {"class_type": "NotHere", "inputs": {}},
        "3": saved("1"),
    }
    graph["3"]["inputs"]["more"] = ["2", 0]
    end = await run_one(fleet, comfy_url, an_order(await fleet.publish(a_version(graph, "3"))))

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.MISSING)
    assert end.error
    assert end.error.graph_node_class == "NotHere"


async def test_a_model_that_is_not_there_is_missing(fleet: Fleet, comfy_url: str) -> None:
    loader = {"class_type": "VAELoader", "inputs": {"vae_name": "nowhere.safetensors"}}
    encode = {"class_type": "VAEEncode", "inputs": {"pixels": ["1", 0], "vae": ["2", 0]}}
    decode = {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["2", 0]}}
    graph = {"1": an_image(), "2": loader, "4": encode, "5": decode, "3": saved("5")}
    end = await run_one(fleet, comfy_url, an_order(await fleet.publish(a_version(graph, "3"))))

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.MISSING)
    assert end.error
    assert end.error.code == "missing_model"


async def test_a_wrong_value_is_the_workflows_fault(fleet: Fleet, comfy_url: str) -> None:
    graph = {"1": an_image(width=-5), "3": saved("1")}
    end = await run_one(fleet, comfy_url, an_order(await fleet.publish(a_version(graph, "3"))))

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.WORKFLOW)
    assert end.error
    assert end.error.graph_node == "1"


async def test_a_version_that_nobody_published_is_no_fault_of_the_job(
    fleet: Fleet, engine_url: str
) -> None:
    end = await run_one(fleet, engine_url, an_order("0" * 64))

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.UNAVAILABLE)


async def test_a_worker_that_never_starts_a_graph_node_is_dead(
    fleet: Fleet, start_engine: StartEngine
) -> None:
    url = start_engine()
    await switch(url, silent=True)
    order = an_order(await fleet.publish(quick()))
    entry = await fleet.add_node(url, engine_settings={"dead_after_seconds": 1})
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        end = await fleet.outcome(order)
        await fleet.sees(entry, lambda beat: beat.is_dead and "restart" in (beat.reason or ""))

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.NODE_FAULT)


async def test_a_slow_graph_node_is_not_taken_for_a_dead_worker(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=1, seconds_per_step=3)))
    end = await run_one(fleet, comfy_url, order, dead_after_seconds=1)

    assert end.outcome is Outcome.COMPLETED


async def test_a_prompt_that_a_person_interrupts_ends_as_canceled(
    fleet: Fleet, comfy_url: str
) -> None:
    order = an_order(await fleet.publish(slow_steps(steps=100)))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await eventually(lambda: any(seen.progress.step for seen in fleet.progress))
        async with httpx.AsyncClient() as client:
            await client.post(f"{comfy_url}/interrupt")
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.CANCELED


async def test_a_prompt_is_lost_when_comfyui_crashed_and_came_back(
    fleet: Fleet, start_engine: StartEngine
) -> None:
    port = str(free_port())
    url = start_engine("--port", port)
    await switch(url, crash_after_steps=3)
    order = an_order(await fleet.publish(slow_steps(steps=10, seconds_per_step=0.05)))
    entry = await fleet.add_node(url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await fleet.sees(entry, is_away_with_an_attempt)
        assert not fleet.finished, "while ComfyUI is away the scheduler decides how long to wait"
        start_engine("--port", port)
        end = await fleet.outcome(order)

    assert (end.outcome, end.cause) == (Outcome.FAILED, Cause.LOST)


def is_away_with_an_attempt(beat: NodeBeat) -> bool:
    return not beat.is_reachable and len(beat.attempts) == 1


async def test_a_node_that_comes_back_takes_jobs_again(
    fleet: Fleet, start_engine: StartEngine
) -> None:
    port = free_port()
    entry = await fleet.add_node(f"http://127.0.0.1:{port}")
    order = an_order(await fleet.publish(quick()))
    async with fleet.agent():
        await fleet.sees(entry, lambda beat: not beat.is_reachable and bool(beat.reason))
        start_engine("--port", str(port))
        await fleet.ready(entry)
        await eventually(lambda: has_capabilities(fleet, entry))
        await fleet.run(entry, order)
        end = await fleet.outcome(order)

    assert end.outcome is Outcome.COMPLETED


def has_capabilities(fleet: Fleet, entry: ClaimedNode) -> bool:
    known = [
        message.capabilities for message in fleet.capabilities if message.node_id == entry.node_id
    ]
    return bool(known) and "SaveImage" in known[-1].classes
