"""The whole file, opened: the root graph and every definition it uses, each prepared once."""

from collections.abc import Mapping
from typing import Any

from workflows.convert.group_nodes import GROUP_PREFIXES, MOST_INNER, as_definition, weight
from workflows.convert.preparation import (
    VIRTUAL,
    Prepared,
    PreparedGraph,
    as_opened,
    prepare_class,
    prepare_instance,
    prepare_plain,
)
from workflows.convert.refusal import refusal
from workflows.convert.saved_file import (
    SavedGraph,
    SavedNode,
    read_definition,
    read_definitions,
    read_root,
)
from workflows.json_values import as_object

MOST_DEEP = 32
"""Subgraphs in subgraphs; the editor itself is hard to use beyond three."""


def open_file(ui: Mapping[str, Any], object_info: Mapping[str, Any]) -> PreparedGraph:
    """The root graph, ready to be laid out into scopes."""
    return Opener(ui, object_info).open_root(ui)


class Opener:
    """Prepares graphs depth first, since an instance shows the widgets of what is inside."""

    def __init__(self, ui: Mapping[str, Any], object_info: Mapping[str, Any]) -> None:
        self.object_info = object_info
        self.definitions = read_definitions(ui)
        self.groups = as_object(as_object(ui.get("extra")).get("groupNodes"))
        self.groups_left = MOST_INNER
        self.ready: dict[str, PreparedGraph] = {}
        self.opening: dict[str, str] = {}

    def open_root(self, ui: Mapping[str, Any]) -> PreparedGraph:
        return self.prepare(read_root(ui), with_groups=True)

    def prepare(self, saved: SavedGraph, *, with_groups: bool = False) -> PreparedGraph:
        nodes: dict[str, Prepared] = {}
        inside: dict[str, PreparedGraph] = {}
        for node in map(as_opened, saved.nodes.values()):
            found = self.definition_of(node, with_groups=with_groups)
            if found is None:
                nodes[node.id] = self.prepare_node(node)
            else:
                inside[node.id] = found
                nodes[node.id] = prepare_instance(node, found)
        return PreparedGraph(saved, nodes, inside)

    def prepare_node(self, node: SavedNode) -> Prepared:
        info = as_object(self.object_info.get(node.type))
        return prepare_class(node, info) if self.is_class(node) else prepare_plain(node)

    def is_class(self, node: SavedNode) -> bool:
        known = bool(as_object(self.object_info.get(node.type)))
        return known and node.type not in VIRTUAL

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
            raise refusal(f"nodes.{node.id}", "too_many", "the group nodes are too many or too big")
        return self.prepare(as_definition(node, raw, self.prepare_node))

    def subgraph(self, id_: str, node: SavedNode) -> PreparedGraph:
        path = ":".join([*self.opening.values(), node.id])
        if id_ in self.opening:
            raise refusal(f"nodes.{path}", "cycle", "this subgraph contains itself")
        if len(self.opening) >= MOST_DEEP:
            message = f"expected at most {MOST_DEEP} subgraphs in one another"
            raise refusal(f"nodes.{path}", "too_deep", message)
        if id_ not in self.ready:
            self.opening[id_] = node.id
            self.ready[id_] = self.prepare(read_definition(self.definitions[id_]))
            del self.opening[id_]
        return self.ready[id_]
