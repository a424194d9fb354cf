"""Workflow versions for tests; all of them run without a model."""

import json
import secrets
from pathlib import Path
from typing import Any

from workflows import WorkflowVersion, load_version

FOLDER = Path(__file__).parents[3] / "workflows"


def shipped(name: str) -> WorkflowVersion:
    texts = [(FOLDER / file).read_text() for file in (f"{name}.yaml", f"{name}.graph.json")]
    return load_version(texts[0], texts[1], (FOLDER / "library.yaml").read_text())


def a_version(graph: dict[str, Any], *outputs: str, kind: str = "image") -> WorkflowVersion:
    spec = {
        "spec": "comfyfleet/v1",
        "name": "test",
        "graph": "test.graph.json",
        "inputs": {},
        "outputs": {f"images_{node}": {"node": node, "kind": kind} for node in outputs},
    }
    return load_version(spec, json.dumps(graph))


def an_image(**more: Any) -> dict[str, Any]:
    color = secrets.randbelow(2**24)
    inputs = {"width": 64, "height": 48, "batch_size": 1, "color": color} | more
    return {"class_type": "EmptyImage", "inputs": inputs}


def saved(source: str, class_: str = "SaveImage") -> dict[str, Any]:
    inputs: dict[str, Any] = {"images": [source, 0]}
    return {"class_type": class_, "inputs": inputs | {"filename_prefix": "x"}}


def slow_steps(
    steps: int = 10, seconds_per_step: float = 0.1, *, preview: bool = False
) -> WorkflowVersion:
    """Looks like a sampler on the wire."""
    slow = {
        "image": ["1", 0],
        "steps": steps,
        "seconds_per_step": seconds_per_step,
        "preview": preview,
        "seed": secrets.randbelow(2**32),
    }
    graph = {
        "1": an_image(),
        "2": {"class_type": "SlowSteps", "inputs": slow},
        "3": saved("2"),
    }
    return a_version(graph, "3")


def quick(class_: str = "SaveImage") -> WorkflowVersion:
    return a_version({"1": an_image(), "3": saved("1", class_)}, "3")


def raising(message: str = "boom") -> WorkflowVersion:
    inputs = {"image": ["1", 0], "message": message, "seed": secrets.randbelow(2**32)}
    graph = {
        "1": an_image(),
        "2": {"class_type": "AlwaysRaises", "inputs": inputs},
        "3": saved("2"),
    }
    return a_version(graph, "3")
