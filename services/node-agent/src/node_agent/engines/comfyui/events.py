"""Reads the messages of ComfyUI's WebSocket as values.

Everything is a hint and may be forged by a custom node: what does not have the expected shape
is None, never an error.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from node_agent.engines.comfyui.shapes import is_number, parsed_or_none, texts
from workflows.json_values import as_object

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
HEAD = 8
"""Bytes before the image or its metadata."""
IMAGE_TYPES = {1: "image/jpeg", 2: "image/png"}


@dataclass(frozen=True, slots=True)
class GraphNodeProgress:
    """Progress of one graph node; `display` is the graph node that people know it by."""

    graph_node: str
    display: str
    value: float
    maximum: float
    is_finished: bool


@dataclass(frozen=True, slots=True)
class PromptEvent:
    """Progress or end of a prompt; one kind of message fills one field."""

    prompt_id: str
    cached: frozenset[str] = frozenset()
    """Graph nodes that need not run."""
    started: str | None = None
    """The graph node whose execution began."""
    steps: tuple[GraphNodeProgress, ...] = ()
    """Progress of some graph nodes; the others are as they were."""
    is_over: bool = False
    """The prompt has ended; `/history` has the outcome.

    This is `executing` of no graph node; `execution_success` often comes before history has the
    entry (measured: 23 %).
    """

    @property
    def is_before_all(self) -> bool:
        """Return whether no graph node has run yet: so says `execution_start`."""
        return not (self.cached or self.started or self.steps or self.is_over)


@dataclass(frozen=True, slots=True)
class Previewed:
    """A preview picture; older servers do not name its prompt."""

    prompt_id: str | None
    content_type: str
    image: bytes


ComfyEvent: TypeAlias = PromptEvent | Previewed


def read_text(text: str) -> PromptEvent | None:
    message = as_object(parsed_or_none(text.encode("utf-8", "replace")))
    kind, data = message.get("type"), as_object(message.get("data"))
    prompt_id = data.get("prompt_id")
    if not isinstance(kind, str) or not isinstance(prompt_id, str):
        return None
    return read_event(kind, prompt_id, data)


def read_event(kind: str, prompt_id: str, data: Mapping[str, Any]) -> PromptEvent | None:
    if kind == "executing":
        return read_executing(prompt_id, data)
    if kind == "execution_start":
        return PromptEvent(prompt_id)
    if kind == "execution_cached":
        return PromptEvent(prompt_id, cached=frozenset(texts(data.get("nodes"))))
    if kind == "progress":
        return stepped(prompt_id, [(data.get("node"), data)])
    if kind == "progress_state":
        return stepped(prompt_id, as_object(data.get("nodes")).items())
    return None


def stepped(prompt_id: str, entries: Iterable[tuple[object, object]]) -> PromptEvent | None:
    steps = (read_graph_node_progress(node, entry) for node, entry in entries)
    found = tuple(step for step in steps if step)
    return PromptEvent(prompt_id, steps=found) if found else None


def read_executing(prompt_id: str, data: Mapping[str, Any]) -> PromptEvent | None:
    node, display = data.get("node"), data.get("display_node")
    if node is None:
        return PromptEvent(prompt_id, is_over=True)
    started = display if isinstance(display, str) else node
    return PromptEvent(prompt_id, started=started) if isinstance(started, str) else None


def read_graph_node_progress(node: object, entry: object) -> GraphNodeProgress | None:
    fields = as_object(entry)
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
    metadata = as_object(parsed_or_none(text))
    prompt_id, content_type = metadata.get("prompt_id"), metadata.get("image_type")
    if not isinstance(prompt_id, str) or content_type not in IMAGE_TYPES.values():
        return None
    return Previewed(prompt_id, str(content_type), image)
