"""Prepares saved graph nodes as the editor opens them: every socket, every widget, every value.

Each subgraph definition is prepared once; `scopes` then makes its instances.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from typing import Any

from workflows.convert.classes import MATCH_TYPE, Declared, class_inputs
from workflows.convert.layout import Socket, lay_out
from workflows.convert.saved_file import SavedGraph, SavedInput, SavedNode
from workflows.convert.widgets import hold
from workflows.json_values import as_array, as_object

VIRTUAL = frozenset({"Note", "MarkdownNote", "Reroute", "PrimitiveNode"})
SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced"})
LAST_NUMBER = re.compile(r"([0-9]{1,9})$")


class GraphNodeKind(Enum):
    CLASS = auto()
    """A class of the fleet; the graph node runs."""
    INSTANCE = auto()
    """A subgraph or group node; its inner graph nodes run."""
    VIRTUAL = auto()
    """A class that exists only in the editor."""
    UNKNOWN = auto()


@dataclass(frozen=True)
class Prepared:
    saved: SavedNode
    kind: GraphNodeKind
    sockets: tuple[Socket, ...]
    outputs: tuple[str, ...]
    widgets: Mapping[str, Declared]
    values: Mapping[str, Any]

    @property
    def is_muted(self) -> bool:
        return self.saved.mode == 2  # noqa: PLR2004  LiteGraph's number for "never"

    @property
    def is_bypassed(self) -> bool:
        return self.saved.mode == 4  # noqa: PLR2004  LiteGraph's number for "bypass"

    @property
    def is_primitive(self) -> bool:
        return self.saved.type == "PrimitiveNode"


@dataclass(frozen=True)
class PreparedGraph:
    saved: SavedGraph
    nodes: Mapping[str, Prepared]
    inside: Mapping[str, "PreparedGraph"]
    """The definition of each instance, by the instance's id."""

    @cached_property
    def weight(self) -> int:
        """The cost of one instance: graph nodes, sockets and values."""
        return sum(1 + len(node.sockets) + len(node.values) for node in self.nodes.values())

    @cached_property
    def promoted(self) -> tuple[Mapping[str, Declared], Mapping[str, Any]]:
        """An instance's widgets: inputs that end in an inner widget, with the first one's value."""
        widgets: dict[str, Declared] = {}
        values: dict[str, Any] = {}
        at = {link: (node, name) for link, node, name in self.widget_links()}
        for entry in self.saved.inputs:
            found = next((at[link] for link in entry.links if link in at), None)
            if found is None or entry.name in widgets:
                continue
            node, name = found
            widgets[entry.name] = replace(node.widgets[name], name=entry.name)
            if name in node.values:
                values[entry.name] = node.values[name]
        return widgets, values

    def widget_links(self) -> Iterator[tuple[str, Prepared, str]]:
        """Yield each link that ends in a widget, as (link, graph node, widget)."""
        for node in self.nodes.values():
            for socket in node.sockets:
                if socket.link is not None and socket.name in node.widgets:
                    yield socket.link, node, socket.name


def prepare_plain(node: SavedNode) -> Prepared:
    """Prepare a graph node of an unknown class from the file alone."""
    kind = GraphNodeKind.VIRTUAL if node.type in VIRTUAL else GraphNodeKind.UNKNOWN
    sockets = tuple(Socket(entry.name, entry.type, entry.link) for entry in node.inputs)
    return Prepared(node, kind, sockets, tuple(slot.type for slot in node.outputs), {}, {})


def prepare_class(node: SavedNode, info: Mapping[str, Any]) -> Prepared:
    """Prepare a graph node of a class that the fleet has."""
    inputs = class_inputs(node.type, info)
    is_custom = str(info.get("python_module")).startswith("custom_nodes")
    by_name = as_object(node.widgets_values)
    has_names = is_custom and isinstance(node.widgets_values, Mapping)
    layout = lay_out(inputs, node, by_name if has_names else node.named)
    sampler = layout.values.get("sampler_name")
    if node.type in SAMPLERS and isinstance(sampler, str):
        layout.values["sampler_name"] = sampler.removeprefix("sample_")
    sockets = attached(layout.sockets, layout.widgets, node.inputs)
    outputs = tuple(map(output_type, as_array(info.get("output"))))
    return Prepared(node, GraphNodeKind.CLASS, sockets, outputs, layout.widgets, layout.values)


def output_type(declared: object) -> str:
    if not isinstance(declared, str):
        return "COMBO"
    return "*" if declared == MATCH_TYPE else declared


def attached(
    sockets: list[Socket], widgets: Mapping[str, Declared], saved: tuple[SavedInput, ...]
) -> tuple[Socket, ...]:
    """Return the sockets with the file's links, by name, then sockets that only the file has."""
    growing = {socket.group for socket in sockets if socket.group}
    closed = closed_up(growing, sockets, saved)
    links = {entry.name: entry.link for entry in reversed(saved)}
    own = [
        replace(socket, link=closed.get(socket.name) if socket.group else links.get(socket.name))
        for socket in sockets
    ]
    names = {socket.name for socket in sockets}
    extra = [
        Socket(entry.name, entry.type, entry.link)
        for entry in saved
        if entry.name not in names
        and group_of(entry.name, growing) is None
        and (entry.widget_name is None or entry.widget_name in widgets)
    ]
    return (*own, *extra)


def closed_up(
    growing: Iterable[str], sockets: list[Socket], saved: tuple[SavedInput, ...]
) -> dict[str, str]:
    """Move links of a growing list to its first names: the editor leaves no gap."""
    found: dict[str, str] = {}
    for group in growing:
        entries = [entry for entry in saved if entry.name.startswith(f"{group}.")]
        links = [entry.link for entry in sorted(entries, key=place) if entry.link is not None]
        names = [socket.name for socket in sockets if socket.group == group]
        found.update(zip(names, links, strict=False))
    return found


def place(entry: SavedInput) -> int:
    last = LAST_NUMBER.search(entry.name)
    return int(last[1]) if last else 0


def group_of(name: str, growing: set[str]) -> str | None:
    parts = name.split(".")[:-1]
    candidates = (".".join(parts[:count]) for count in range(1, min(len(parts), 8) + 1))
    return next((candidate for candidate in candidates if candidate in growing), None)


def prepare_instance(node: SavedNode, inside: PreparedGraph) -> Prepared:
    """Prepare a subgraph node, with the definition's sockets, outputs and promoted widgets."""
    links = {entry.name: entry.link for entry in reversed(node.inputs)}
    boundary = inside.saved.inputs
    sockets = tuple(Socket(entry.name, entry.type, links.get(entry.name)) for entry in boundary)
    outputs = tuple(entry.type for entry in inside.saved.outputs)
    widgets, values = inside.promoted
    values = {**values, **dealt(node, widgets)}
    return Prepared(node, GraphNodeKind.INSTANCE, sockets, outputs, widgets, values)


def dealt(node: SavedNode, widgets: Mapping[str, Declared]) -> dict[str, Any]:
    """Return saved values in order, overridden by those that `proxyWidgets` names."""
    found = dict(zip(widgets, node.values, strict=False))
    proxies = as_array(as_object(node.properties).get("proxyWidgets"))
    for proxy, value in zip(proxies, node.values, strict=False):
        match proxy:
            case ["-1", str(name), *_] if name in widgets and value is not None:
                found[name] = value
            case _:
                pass
    found.update((name, value) for name, value in node.named.items() if name in widgets)
    return {name: hold(widgets[name], value) for name, value in found.items()}
