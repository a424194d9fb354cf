"""Workflows and folders for tests."""

import json

from workflow_registry.domain.reading import File
from workflows import WorkflowVersion, load_version


def a_spec(name: str = "solid", *, title: str = "Plain colour", graph: str = "") -> str:
    lines = [
        "spec: comfyfleet/v1",
        f"name: {name}",
        f"title: {title}",
        "category: utility",
        f"graph: {graph or f'{name}.graph.json'}",
        'inputs: {width: {type: integer, default: 64, bind: [{node: "1", input: width}]}}',
        'outputs: {images: {node: "2", kind: image}}',
    ]
    return "\n".join(lines)


def a_graph(color: int = 0, *, padding: int = 0) -> str:
    size = {"width": 64, "height": 64, "batch_size": 1}
    save = {"images": ["1", 0], "filename_prefix": "x" * (padding + 1)}
    return json.dumps(
        {
            "1": {"class_type": "EmptyImage", "inputs": {**size, "color": color}},
            "2": {"class_type": "SaveImage", "inputs": save},
        }
    )


def a_version(name: str = "solid", *, color: int = 0, title: str = "Plain") -> WorkflowVersion:
    return load_version(a_spec(name, title=title), a_graph(color))


def a_folder(*names: str, color: int = 0, **files: File) -> dict[str, File]:
    """Files of good workflows, and `files` beside or instead: `solid_yaml="…"`."""
    folder: dict[str, File] = {}
    for name in names:
        folder[f"{name}.yaml"] = a_spec(name)
        folder[f"{name}.graph.json"] = a_graph(color)
    folder.update({name.replace("_yaml", ".yaml"): text for name, text in files.items()})
    return folder
