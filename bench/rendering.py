"""Measures how many jobs a second one core can validate and render, without a server."""

import time
from typing import Any

from workflows import load_version, render, validate_inputs

INPUTS = 30


def a_workflow() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a workflow of thirty inputs of the usual types, each bound to its own graph node."""
    graph: dict[str, Any] = {"0": {"class_type": "EmptyImage", "inputs": {"color": 0}}}
    inputs: dict[str, Any] = {}
    for n in range(1, INPUTS + 1):
        node = {"class_type": "ImageBlur", "inputs": {"image": [str(n - 1), 0], "value": 0}}
        graph[str(n)] = node
        inputs[f"input_{n}"] = {
            **TYPES[n % len(TYPES)],
            "bind": [{"node": str(n), "input": "value"}],
        }
    save = {"images": [str(INPUTS), 0], "filename_prefix": "x"}
    graph["save"] = {"class_type": "SaveImage", "inputs": save}
    spec = {
        "spec": "comfyfleet/v1",
        "name": "thirty",
        "title": "Thirty inputs",
        "category": "utility",
        "graph": "thirty.graph.json",
        "inputs": inputs,
        "outputs": {"images": {"node": "save", "kind": "image"}},
    }
    return spec, graph


TYPES: list[dict[str, Any]] = [
    {"type": "integer", "default": 20, "minimum": 1, "maximum": 150},
    {"type": "number", "default": 1.0, "minimum": 0, "maximum": 1},
    {"type": "string", "default": "a", "max_length": 100},
    {"type": "choice", "default": "a", "choices": ["a", "b", "c"]},
    {"type": "boolean", "default": True},
]
VALUES: list[Any] = [7, 0.5, "a text", "b", False]


def measure(seconds: float = 2.0) -> float:
    """Validate and render repeatedly, with every input given; return runs a second."""
    spec, graph = a_workflow()
    version = load_version(spec, graph)
    given = {f"input_{n}": VALUES[n % len(VALUES)] for n in range(1, INPUTS + 1)}
    done, begun = 0, time.process_time()
    while time.process_time() - begun < seconds:
        for _ in range(100):
            render(version.graph, version.spec, validate_inputs(version.spec, given, lambda: 7))
        done += 100
    return done / (time.process_time() - begun)
