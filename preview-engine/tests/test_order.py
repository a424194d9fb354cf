"""The order in which graph nodes run, against recorded runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from preview_engine.domain.catalog import load_catalog
from preview_engine.domain.order import ExecutionOrder

CATALOG = load_catalog({}, with_test_classes=True)


def order_of(graph: dict[str, Any], outputs: list[str], cached: set[str]) -> list[str]:
    order = ExecutionOrder(graph, CATALOG, lambda node_id: node_id in cached)
    order.add(outputs)
    ran: list[str] = []
    while (node_id := order.next()) is not None:
        ran.append(node_id)
        order.done(node_id)
    return ran


@pytest.mark.parametrize("name", ["load_mask_composite", "txt2img_tiny", "success_modelfree"])
def test_graph_nodes_run_in_the_recorded_order(recordings: Path, name: str) -> None:
    events = json.loads((recordings / "ws" / f"{name}.json").read_text("utf-8"))["events"]
    graph = next(event["json"]["prompt"] for event in events if "json" in event)
    messages = [event.get("message", {}) for event in events if event["kind"] == "ws_text"]
    recorded = [m["data"]["node"] for m in messages if m["type"] == "executing"]
    # ComfyUI keeps the outputs in a set; the recorded run of this graph had them in this order.
    outputs = {"load_mask_composite": ["8", "9", "7"], "txt2img_tiny": ["9"]}.get(name, ["5"])
    assert [*order_of(graph, outputs, set()), None] == recorded


def test_what_is_cached_and_what_only_it_needs_does_not_run() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "EmptyImage", "inputs": {}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }
    assert order_of(graph, ["3"], {"2"}) == ["3"]
    assert order_of(graph, ["3"], set()) == ["1", "2", "3"]
