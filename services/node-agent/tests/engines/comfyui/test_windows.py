"""A server on Windows writes backslashes into the names of its models, and compares them so."""

import json
from typing import Any

from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.comfyui.probe import look
from node_agent.engines.comfyui.session import Session
from node_agent.engines.comfyui.settings import ComfyUISettings
from workflows import load_version

from ..attempts import of  # noqa: TID252  shared by these tests alone
from .tiny_server import ok, tiny_server

ANSWERS: dict[str, dict[str, Any]] = {
    "/queue": {"queue_running": [], "queue_pending": []},
    "/system_stats": {"system": {"os": "win32", "comfyui_version": "0.33.0"}, "devices": []},
}
SPEC = """
spec: comfyfleet/v1
name: mine
outputs: {text: {node: "2", kind: text}}
"""
GRAPH = {
    "1": {"class_type": "UpscaleModelLoader", "inputs": {"model_name": "x4/sharp.pth"}},
    "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
}


def answer(path: str) -> bytes:
    return ok(json.dumps(ANSWERS[path]).encode())


async def test_models_are_posted_as_the_server_names_them() -> None:
    attempt = of(load_version(SPEC, json.dumps(GRAPH)))

    async with tiny_server(answer) as url:
        entry = ClaimedNode(node_id=new_id(), name="n", base_url=url)
        async with open_comfyui(entry, ComfyUISettings()) as engine:
            assert isinstance(engine, Session)
            await look(engine)
            graph = engine.prepare(attempt.task, attempt.version, {}, {}).graph

    assert graph["1"]["inputs"]["model_name"] == "x4\\sharp.pth"
