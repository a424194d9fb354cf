"""A class that a server knows under another name is not missing, and loses none of its inputs."""

import json
from typing import Any

from contracts.scheduler.nodes import ClaimedNode
from contracts.values import new_id
from node_agent.engines.comfyui.engine import open_comfyui
from node_agent.engines.comfyui.replacements import exchanged, usable, with_former
from node_agent.engines.comfyui.settings import ComfyUISettings
from workflows import load_version

from ..attempts import of  # noqa: TID252  shared by these tests alone
from .tiny_server import ok, tiny_server

CLASSES: dict[str, Any] = {
    "ControlNetLoader": {
        "input": {"required": {"control_net_name": [["a.pth"]]}},
        "output": ["CONTROL_NET"],
    },
    "Average": {"input": {"required": {"strength": ["FLOAT"]}}, "output": ["CONDITIONING"]},
    "Scale": {
        "input": {"required": {"image": ["IMAGE"], "method": [["area", "lanczos"]]}},
        "output": ["MASK", "IMAGE"],
    },
    "ImageBatch": {"input": {"required": {}}, "output": ["IMAGE"]},
}
ANSWER: dict[str, Any] = {
    "T2IAdapterLoader": [
        {
            "new_node_id": "ControlNetLoader",
            "old_node_id": "T2IAdapterLoader",
            "input_mapping": [{"new_id": "control_net_name", "old_id": "t2i_adapter_name"}],
            "output_mapping": None,
        }
    ],
    "Average ": [{"new_node_id": "Average", "input_mapping": None}],
    "OldScale": [
        {
            "new_node_id": "Scale",
            "input_mapping": [
                {"new_id": "image", "old_id": "images"},
                {"new_id": "method", "set_value": "lanczos"},
            ],
            "output_mapping": [{"old_idx": 0, "new_idx": 1}],
        }
    ],
    "ImageBatch": [{"new_node_id": "Scale"}],
    "Gone": [{"new_node_id": "Nowhere"}],
    "Odd": [{"new_node_id": 7}, "odd"],
    "Empty": [],
}
REPLACEMENTS = usable(ANSWER, CLASSES)


def test_only_classes_that_the_server_lacks_are_replaced_by_classes_that_it_has() -> None:
    assert REPLACEMENTS.keys() == {"T2IAdapterLoader", "Average ", "OldScale"}
    assert usable(None, CLASSES) == usable({"A": "odd"}, CLASSES) == {}


def test_a_former_class_is_described_with_its_own_inputs() -> None:
    found = with_former(CLASSES, REPLACEMENTS)

    assert CLASSES.items() <= found.items()
    assert found["T2IAdapterLoader"]["input"]["required"] == {"t2i_adapter_name": [["a.pth"]]}
    assert found["Average "]["input"]["required"] == {"strength": ["FLOAT"]}
    assert found["OldScale"]["input"]["required"] == {"images": ["IMAGE"]}
    assert found["OldScale"]["output"][0] == "IMAGE"


def test_a_graph_is_posted_with_the_names_that_the_server_knows() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "OldScale", "inputs": {"images": ["9", 0]}},
        "2": {"class_type": "Average ", "inputs": {"strength": 0.5}, "_meta": {"title": "A"}},
        "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}},
    }

    assert exchanged(graph, REPLACEMENTS) == {
        "1": {"class_type": "Scale", "inputs": {"image": ["9", 0], "method": "lanczos"}},
        "2": {"class_type": "Average", "inputs": {"strength": 0.5}, "_meta": {"title": "A"}},
        "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 1], "image2": ["2", 0]}},
    }
    assert exchanged(graph, {}) is graph


SPEC = "spec: comfyfleet/v1\nname: mine\noutputs: {images: {node: '2', kind: image}}"
GRAPH = {
    "1": {"class_type": "T2IAdapterLoader", "inputs": {"t2i_adapter_name": "a.pth"}},
    "2": {"class_type": "Draw", "inputs": {"control_net": ["1", 0], "filename_prefix": "x"}},
}
ANSWERS: dict[str, Any] = {
    "/system_stats": {"system": {"os": "linux", "comfyui_version": "0.33.0"}, "devices": []},
    "/models": [],
    "/object_info": CLASSES,
    "/node_replacements": ANSWER,
}


def answer(path: str) -> bytes:
    return ok(json.dumps(ANSWERS[path]).encode())


async def test_a_server_offers_former_classes_and_gets_the_new_ones() -> None:
    attempt = of(load_version(SPEC, json.dumps(GRAPH)))

    async with tiny_server(answer) as url:
        entry = ClaimedNode(node_id=new_id(), name="n", base_url=url)
        async with open_comfyui(entry, ComfyUISettings()) as engine:
            found = await engine.describe(is_thorough=True)
            posted = engine.prepare(attempt.task, attempt.version, {}, {}).graph

    assert "T2IAdapterLoader" in found.capabilities.classes
    assert posted["1"]["class_type"] == "ControlNetLoader"
    assert posted["1"]["inputs"] == {"control_net_name": "a.pth"}
