"""Previews reach whoever watches, also if they begin to watch while the job runs."""

import secrets
from collections.abc import Awaitable, Callable

import pytest

from contracts.agent import AttemptOrder
from runtime.testing.ports import eventually
from workflows import WorkflowVersion

from .conftest import StartEngine
from .fleet import Fleet, an_order
from .graphs import a_version, saved

Watch = Callable[[Fleet, AttemptOrder], Awaitable[None]]


def sampling(steps: int) -> WorkflowVersion:
    """Return a text-to-image graph: only real samplers heed the preview method of a prompt."""
    size = {"width": 64, "height": 64, "batch_size": 1}
    sampler = {
        "model": ["1", 0],
        "positive": ["2", 0],
        "negative": ["2", 0],
        "latent_image": ["3", 0],
        "seed": secrets.randbelow(2**32),
        "steps": steps,
        "cfg": 1.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1.0,
    }
    graph = {
        "1": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": "tiny.safetensors"},
        },
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a door", "clip": ["1", 1]}},
        "3": {"class_type": "EmptyLatentImage", "inputs": size},
        "4": {"class_type": "KSampler", "inputs": sampler},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "6": saved("5"),
    }
    return a_version(graph, "6")


@pytest.fixture(scope="module")
def engine_url(start_engine: StartEngine) -> str:
    """Return an engine whose sampler takes a while, with the checkpoint of the graph."""
    models = '{"checkpoints": ["tiny.safetensors"]}'
    return start_engine("--step-seconds", "0.05", "--models", models)


@pytest.mark.parametrize("watch", [Fleet.watch_job, Fleet.watch_owner])
async def test_a_client_that_begins_to_watch_a_running_job_sees_previews(
    fleet: Fleet, comfy_url: str, watch: Watch
) -> None:
    order = an_order(await fleet.publish(sampling(steps=400)))
    entry = await fleet.add_node(comfy_url)
    async with fleet.agent():
        await fleet.ready(entry)
        await fleet.run(entry, order)
        await eventually(lambda: any(seen.progress.step for seen in fleet.progress), 60)
        assert fleet.previews == []
        await watch(fleet, order)
        await eventually(lambda: bool(fleet.previews), 30)
        await fleet.cancel(entry, order.attempt_id)
        await fleet.outcome(order)

    assert {preview.job_id for preview in fleet.previews} == {order.job_id}
