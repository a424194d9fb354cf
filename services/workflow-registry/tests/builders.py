"""Workflows, folders, servers and people for tests."""

import hashlib
import json
import zlib
from typing import Any
from uuid import UUID, uuid4

from contracts.access import Actor, Permission
from contracts.scheduler.nodes import NodePhase, NodeView
from workflow_registry.domain.files import File, Source
from workflow_registry.domain.folder import FolderContent, Outcome
from workflows import WorkflowVersion, load_version


def a_spec(name: str = "solid", *, title: str = "Plain color", graph: str = "") -> str:
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


def a_content(**found: Outcome) -> FolderContent:
    """A folder that was read, by the names of its workflows."""
    return FolderContent({Source(name, "", None, "", None): found[name] for name in found})


def a_folder(*names: str, color: int = 0, **files: File) -> dict[str, File]:
    """Files of good workflows, and `files` beside or instead: `solid_yaml="…"`."""
    folder: dict[str, File] = {}
    for name in names:
        folder[f"{name}.yaml"] = a_spec(name)
        folder[f"{name}.graph.json"] = a_graph(color)
    folder.update({name.replace("_yaml", ".yaml"): text for name, text in files.items()})
    return folder


SIZE = {
    name: ["INT", {"min": 0, "max": 4096}] for name in ("width", "height", "batch_size", "color")
}
CLASSES: dict[str, Any] = {
    "EmptyImage": {"input": {"required": SIZE}, "output": ["IMAGE"]},
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE", {}], "filename_prefix": ["STRING", {}]}},
        "output": [],
        "output_node": True,
    },
}


def a_description(
    classes: Any = CLASSES, models: dict[str, list[str]] | None = None, engine: str = "comfyui"
) -> tuple[str, bytes]:
    """Digest and bytes of what a server says of itself."""
    entries = {"version": "0.8.0", "object_info": classes, "models": models or {}}
    content = json.dumps({"engine": engine, **entries}).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest(), zlib.compress(content)


def a_node(
    digest: str | None = None, *, name: str = "a", state: NodePhase = NodePhase.READY
) -> NodeView:
    return NodeView(
        id=uuid4(),
        name=name,
        base_url="http://10.0.0.7:8188",
        phase=state,
        is_enabled=True,
        max_queue=2,
        priority=0,
        labels={},
        pool="default",
        digest=digest,
    )


def an_actor(*permissions: Permission) -> Actor:
    granted = permissions or (Permission.WORKFLOWS_WRITE, Permission.WORKFLOWS_READ)
    return Actor(user_id=UUID(int=7), permissions=frozenset(granted))
