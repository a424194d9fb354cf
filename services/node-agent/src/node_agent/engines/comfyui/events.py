"""Reads the messages of ComfyUI's WebSocket as values.

Everything is a hint and may be forged by a custom node: what does not have the expected shape
is None, never an error.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from node_agent.engines.comfyui.shapes import is_number, mapping, parsed, texts

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
HEAD = 8
"""Bytes before the image or its metadata."""
IMAGE_TYPES = {1: "image/jpeg", 2: "image/png"}


@dataclass(frozen=True, slots=True)
class Started:
    """Execution of the prompt began."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class Cached:
    """These graph nodes need not run."""

    prompt_id: str
    graph_nodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class GraphNodeStarted:
    prompt_id: str
    graph_node: str


@dataclass(frozen=True, slots=True)
class GraphNodeProgress:
    """Progress of one graph node; `display` is the graph node that people know it by."""

    graph_node: str
    display: str
    value: float
    maximum: float
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Stepped:
    """Progress of some graph nodes; the others are as they were."""

    prompt_id: str
    steps: tuple[GraphNodeProgress, ...]


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """The prompt is over, and history knows how.

    This is `executing` of no graph node; `execution_success` often comes before history has the
    entry (measured: 23 %).
    """

    prompt_id: str


@dataclass(frozen=True, slots=True)
class Previewed:
    """A half-finished picture; an old server does not say of which prompt."""

    prompt_id: str | None
    content_type: str
    image: bytes


ComfyEvent: TypeAlias = Started | Cached | GraphNodeStarted | Stepped | PromptEnded | Previewed


def read_text(text: str) -> ComfyEvent | None:
    try:
        message = mapping(parsed(text.encode("utf-8", "replace")))
    except ValueError:
        return None
    kind, data = message.get("type"), mapping(message.get("data"))
    prompt_id = data.get("prompt_id")
    if not isinstance(kind, str) or not isinstance(prompt_id, str):
        return None
    return read_event(kind, prompt_id, data)


def read_event(kind: str, prompt_id: str, data: Mapping[str, Any]) -> ComfyEvent | None:
    if kind == "executing":
        return read_executing(prompt_id, data)
    if kind == "execution_start":
        return Started(prompt_id)
    if kind == "execution_cached":
        return Cached(prompt_id, frozenset(texts(data.get("nodes"))))
    if kind == "progress":
        return stepped(prompt_id, [(data.get("node"), data)])
    if kind == "progress_state":
        return stepped(prompt_id, mapping(data.get("nodes")).items())
    return None


def stepped(prompt_id: str, entries: Iterable[tuple[object, object]]) -> Stepped | None:
    steps = (read_graph_node_progress(node, entry) for node, entry in entries)
    found = tuple(step for step in steps if step)
    return Stepped(prompt_id, found) if found else None


def read_executing(prompt_id: str, data: Mapping[str, Any]) -> ComfyEvent | None:
    node, display = data.get("node"), data.get("display_node")
    if node is None:
        return PromptEnded(prompt_id)
    graph_node = display if isinstance(display, str) else node
    return GraphNodeStarted(prompt_id, graph_node) if isinstance(graph_node, str) else None


def read_graph_node_progress(node: object, entry: object) -> GraphNodeProgress | None:
    fields = mapping(entry)
    value, maximum = fields.get("value"), fields.get("max")
    if not (isinstance(node, str) and is_number(value) and is_number(maximum)):
        return None
    display = fields.get("display_node_id")
    return GraphNodeProgress(
        graph_node=node,
        display=display if isinstance(display, str) else node,
        value=value,
        maximum=maximum,
        is_finished=fields.get("state") == "finished",
    )


def read_binary(data: bytes) -> Previewed | None:
    """Big-endian: u32 event, then u32 format or u32 length of JSON metadata, then the image."""
    if len(data) < HEAD:
        return None
    event, number = struct.unpack_from(">II", data)
    if event == PREVIEW and number in IMAGE_TYPES:
        return Previewed(None, IMAGE_TYPES[number], data[HEAD:])
    if event == PREVIEW_WITH_METADATA and HEAD + number < len(data):
        return read_metadata(data[HEAD : HEAD + number], data[HEAD + number :])
    return None


def read_metadata(text: bytes, image: bytes) -> Previewed | None:
    try:
        metadata = mapping(parsed(text))
    except ValueError:
        return None
    prompt_id, content_type = metadata.get("prompt_id"), metadata.get("image_type")
    if not isinstance(prompt_id, str) or content_type not in IMAGE_TYPES.values():
        return None
    return Previewed(prompt_id, str(content_type), image)
