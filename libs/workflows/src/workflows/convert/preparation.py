"""Prepares saved graph nodes as the editor opens them: every socket, every widget, every value.

Each subgraph definition is prepared once; `scopes` then makes its instances.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import cached_property
from typing import Any

from workflows.convert.classes import Declared, class_inputs
from workflows.convert.editor_nodes import EDITOR_NODES, PRIMITIVE, EditorNode, Role
from workflows.convert.layout import Layout, Socket, lay_out
from workflows.convert.marks import carried
from workflows.convert.packs import MADE_BY_SCRIPT, named_values
from workflows.convert.proxies import Source
from workflows.convert.saved_file import SavedGraph, SavedInput, SavedNode
from workflows.convert.saved_values import in_order
from workflows.convert.widget_types import CONTROLS, MADE, MATCH_TYPE
from workflows.json_values import as_array

VALUE = "value"
"""The widget of a primitive node."""
SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced"})


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
    title: str = ""
    left: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Saved values that no widget takes, by name or place."""
    cut: tuple[str, ...] = ()
    """Inputs whose link is lost, because the class has no such widget."""
    targets: Mapping[str, Source] = field(default_factory=dict[str, Source])
    """The inner widget behind each widget that an instance shows without an input."""

    @property
    def is_muted(self) -> bool:
        return self.saved.mode == 2  # noqa: PLR2004  LiteGraph's number for "never"

    @property
    def is_bypassed(self) -> bool:
        return self.saved.mode == 4  # noqa: PLR2004  LiteGraph's number for "bypass"

    @property
    def is_active(self) -> bool:
        return not (self.is_muted or self.is_bypassed)

    @property
    def editor_node(self) -> EditorNode | None:
        return EDITOR_NODES.get(self.saved.type) if self.kind is GraphNodeKind.VIRTUAL else None

    @property
    def is_primitive(self) -> bool:
        return self.saved.type == PRIMITIVE

    @property
    def given_name(self) -> str | None:
        """The name that a setter gives, or by which a getter asks."""
        name = next(iter(self.saved.values), None)
        return name if isinstance(name, str) and name else None

    @cached_property
    def shown_names(self) -> Mapping[str, str]:
        """Names under which an outer instance may ask for a widget, each with the widget's name."""
        found = {name: name for name in self.values if self.is_primitive}
        found |= {name: name for name in self.widgets}
        for name, source in self.targets.items():
            found.setdefault(source.widget, name)
            found[f"{source.node}: {source.widget}"] = name
        return found


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
    def sources(self) -> Mapping[str, Source]:
        """The first inner widget that each input ends in, by the input's name."""
        at = {link: Source(node.saved.id, name) for link, node, name in self.widget_links()}
        found: dict[str, Source] = {}
        for entry in self.saved.inputs:
            source = next((at[link] for link in entry.links if link in at), None)
            if source is not None:
                found.setdefault(entry.name, source)
        return found

    @cached_property
    def promoted(self) -> Mapping[str, Declared]:
        """An instance's widgets: the inputs that end in an inner widget."""
        return {
            name: replace(self.nodes[source.node].widgets[source.widget], name=name)
            for name, source in self.sources.items()
        }

    @cached_property
    def initial(self) -> Mapping[str, Any]:
        """The values of an instance that saved none."""
        return {
            name: self.nodes[source.node].values[source.widget]
            for name, source in self.sources.items()
            if source.widget in self.nodes[source.node].values
        }

    @cached_property
    def shown_names(self) -> Mapping[str, Mapping[str, str]]:
        return {id_: node.shown_names for id_, node in self.nodes.items()}

    @cached_property
    def setters(self) -> Mapping[tuple[str, str], Prepared]:
        """The first setter of each name, by family and name."""
        found: dict[tuple[str, str], Prepared] = {}
        for node in self.nodes.values():
            known = node.editor_node
            if known is not None and known.role is Role.SETTER and node.given_name is not None:
                found.setdefault((known.family, node.given_name), node)
        return found

    def widget_links(self) -> Iterator[tuple[str, Prepared, str]]:
        """Yield each link that ends in a widget, as (link, graph node, widget)."""
        for node in self.nodes.values():
            for socket in node.sockets:
                if socket.link is not None and socket.name in node.widgets:
                    yield socket.link, node, socket.name


def prepare_plain(node: SavedNode) -> Prepared:
    """Prepare a graph node of an unknown class from the file alone."""
    kind = GraphNodeKind.VIRTUAL if node.type in EDITOR_NODES else GraphNodeKind.UNKNOWN
    sockets = tuple(Socket(entry.name, entry.type, entry.link) for entry in node.inputs)
    outputs = tuple(slot.type for slot in node.outputs)
    values = {VALUE: node.values[0]} if node.type == PRIMITIVE and node.values else {}
    return Prepared(node, kind, sockets, outputs, {}, values, title_of(node, None))


def title_of(node: SavedNode, display_name: object) -> str:
    """Return the graph node's own title, or that of its class."""
    titles = (node.title, display_name)
    return next((title for title in titles if isinstance(title, str) and title), node.type)


def prepare_class(node: SavedNode, info: Mapping[str, Any]) -> Prepared:
    """Prepare a graph node of a class that the fleet has."""
    layout = laid_out(node, info)
    sampler = layout.values.get("sampler_name")
    if node.type in SAMPLERS and isinstance(sampler, str):
        layout.values["sampler_name"] = carried(sampler, sampler.removeprefix("sample_"))
    sockets = attached(layout.sockets, layout.widgets, node.inputs)
    names = {socket.name for socket in sockets}
    return Prepared(
        node,
        GraphNodeKind.CLASS,
        sockets,
        tuple(map(output_type, as_array(info.get("output")))),
        layout.widgets,
        layout.values,
        title_of(node, info.get("display_name")),
        layout.left,
        tuple(entry.name for entry in node.inputs if entry.link and entry.name not in names),
    )


def laid_out(node: SavedNode, info: Mapping[str, Any]) -> Layout:
    """Deal values in order; by name where the file has names that the class no longer has."""
    inputs = class_inputs(node.type, info)
    if node.type in MADE_BY_SCRIPT:
        made = MADE_BY_SCRIPT[node.type](node)
        extra = [Declared(name, MADE, {}) for name in made]
        return lay_out(inputs + extra, node, [], made)
    is_custom = str(info.get("python_module")).startswith("custom_nodes")
    by_name = named_values(node) if is_custom else None
    if by_name is not None:
        return lay_out(inputs, node, [], by_name)
    values = in_order(inputs, node)
    layout = lay_out(inputs, node, values, {})
    own = {name for name, widget in layout.widgets.items() if widget.kind.is_sent}
    if not node.named or own <= set(node.named) <= {*layout.widgets, *CONTROLS}:
        return layout
    return lay_out(inputs, node, values, node.named)


def output_type(declared: object) -> str:
    if not isinstance(declared, str):
        return "COMBO"
    return "*" if declared == MATCH_TYPE else declared


def attached(
    sockets: list[Socket], widgets: Mapping[str, Declared], saved: tuple[SavedInput, ...]
) -> tuple[Socket, ...]:
    """Return the sockets with the file's links, by name, then sockets that only the file has."""
    links = {entry.name: entry.link for entry in reversed(saved)}
    own = [replace(socket, link=links.get(socket.name)) for socket in sockets]
    names = {socket.name for socket in sockets}
    extra = [
        Socket(entry.name, entry.type, entry.link)
        for entry in saved
        if entry.name not in names and (entry.widget_name is None or entry.widget_name in widgets)
    ]
    return (*own, *extra)
