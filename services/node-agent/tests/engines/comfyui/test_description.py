"""The classes of a server are asked for when they may have changed, and not every minute."""

from typing import Any

from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.comfyui.settings import ComfyUISettings
from runtime.testing.canned import canned

CLASSES = "GET /object_info"


async def test_classes_are_read_again_only_if_the_rest_changed_or_they_are_doubted() -> None:
    answers: dict[str, Any] = {
        "/system_stats": {"system": {"comfyui_version": "0.33.0"}, "devices": []},
        "/models": ["vae"],
        "/models/vae": ["a.safetensors"],
        "/object_info": {"VAELoader": {"input": {}}},
    }
    with canned(answers) as server:
        entry = ClaimedNode(node_id=new_id(), name="n", base_url=server.url)
        async with open_comfyui(entry, ComfyUISettings()) as engine:
            first = await engine.describe(is_thorough=True)
            assert (await engine.describe(is_thorough=False)).capabilities == first.capabilities
            assert server.seen.count(CLASSES) == 1

            await engine.describe(is_thorough=True)
            assert server.seen.count(CLASSES) == 2

            answers["/models/vae"] = ["a.safetensors", "b.safetensors"]
            later = await engine.describe(is_thorough=False)
            assert server.seen.count(CLASSES) == 3
            assert [model.name for model in later.capabilities.models][-1] == "b.safetensors"
