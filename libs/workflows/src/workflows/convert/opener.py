"""Opens a file: the root graph and every definition that it uses, each prepared once."""

from collections.abc import Mapping
from typing import Any

from workflows.convert.broadcasts import with_broadcasts
from workflows.convert.editor_nodes import EDITOR_NODES
from workflows.convert.group_nodes import GROUP_PREFIXES, MOST_INNER, as_definition, weight
from workflows.convert.instances import prepare_instance
from workflows.convert.preparation import (
    Prepared,
    PreparedGraph,
    prepare_class,
    prepare_plain,
)
from workflows.convert.refusal import refusal
from workflows.convert.saved_file import (
    SavedGraph,
    SavedNode,
    read_definition,
    read_definitions,
    read_graph,
)
from workflows.json_values import as_array, as_object

MOST_PROXIES = 20_000
"""Limit of widgets that all instances of the file show without an input."""
MOST_DEEP = 32
"""Limit of nested subgraphs; the editor itself is hard to use beyond three."""


class Opener:
    """Prepares graphs depth first, because an instance shows widgets of its inner graph nodes."""

    def __init__(self, ui: Mapping[str, Any], object_info: Mapping[str, Any]) -> None:
        self.ui = ui
        self.object_info = object_info
        self.definitions = read_definitions(ui)
        self.groups = as_object(as_object(ui.get("extra")).get("groupNodes"))
        self.groups_left = MOST_INNER
        self.proxies_left = MOST_PROXIES
        self.ready: dict[str, PreparedGraph] = {}
        self.opening: dict[str, str] = {}

    def root(self) -> PreparedGraph:
        graph = with_broadcasts(self.ui, read_graph(self.ui, ""), "")
        return self.prepare(graph, with_groups=True)

    def prepare(self, saved: SavedGraph, *, with_groups: bool = False) -> PreparedGraph:
        nodes: dict[str, Prepared] = {}
        inside: dict[str, PreparedGraph] = {}
        for node in saved.nodes.values():
            found = self.definition_of(node, with_groups=with_groups)
            if found is None:
                nodes[node.id] = self.prepare_node(node)
            else:
                self.count_proxies(node)
                inside[node.id] = found
                nodes[node.id] = prepare_instance(node, found)
        return PreparedGraph(saved, nodes, inside)

    def count_proxies(self, node: SavedNode) -> None:
        self.proxies_left -= len(as_array(as_object(node.properties).get("proxyWidgets")))
        if self.proxies_left < 0:
            message = f"expected at most {MOST_PROXIES} entries of proxyWidgets"
            raise refusal(f"nodes.{node.id}", "too_many", message)

    def prepare_node(self, node: SavedNode) -> Prepared:
        info = as_object(self.object_info.get(node.type))
        is_class = bool(info) and node.type not in EDITOR_NODES
        return prepare_class(node, info) if is_class else prepare_plain(node)

    def definition_of(self, node: SavedNode, *, with_groups: bool) -> PreparedGraph | None:
        if node.type in self.definitions:
            return self.subgraph(node.type, node)
        name = node.type[len(GROUP_PREFIXES[0]) :]
        if with_groups and node.type.startswith(GROUP_PREFIXES) and name in self.groups:
            return self.group(node, as_object(self.groups[name]))
        return None

    def group(self, node: SavedNode, raw: Mapping[str, Any]) -> PreparedGraph:
        self.groups_left -= weight(raw)
        if self.groups_left < 0:
            message = f"expected at most {MOST_INNER} graph nodes and links in all group nodes"
            raise refusal(f"nodes.{node.id}", "too_many", message)
        return self.prepare(as_definition(node, raw, self.prepare_node))

    def subgraph(self, id_: str, node: SavedNode) -> PreparedGraph:
        path = ":".join([*self.opening.values(), node.id])
        if id_ in self.opening:
            raise refusal(f"nodes.{path}", "cycle", "this subgraph contains itself")
        if len(self.opening) >= MOST_DEEP:
            message = f"expected at most {MOST_DEEP} nested subgraphs"
            raise refusal(f"nodes.{path}", "too_deep", message)
        if id_ not in self.ready:
            self.opening[id_] = node.id
            raw = self.definitions[id_]
            graph = with_broadcasts(raw, read_definition(raw), f"definitions.{id_}.")
            self.ready[id_] = self.prepare(graph)
            del self.opening[id_]
        return self.ready[id_]
