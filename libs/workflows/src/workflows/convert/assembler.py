"""Converts ComfyUI's save format to its API format, as ComfyUI's own editor does.

open      the file's graph nodes, with sockets and widgets of the fleet's classes   opener.py
unfold    every instance of every subgraph, with its own values                     scopes.py
resolve   where each link begins                                                    resolver.py
assemble  graph nodes that run, their inputs, nothing pruned                        here
report    everything that is left out                                               report.py
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import FieldError
from workflows.convert.opener import Opener
from workflows.convert.preparation import GraphNodeKind, Prepared
from workflows.convert.refusal import NOT_CONVERTED, refusal
from workflows.convert.report import Report
from workflows.convert.resolver import Held, Linked, Resolver
from workflows.convert.scopes import Scope, lay_out_scopes
from workflows.convert.sent_values import SentValues, with_index
from workflows.convert.texts import Placeholders
from workflows.json_values import as_object

ApiGraph = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Conversion:
    """A graph in API format, and what of the file is not in it."""

    graph: ApiGraph
    warnings: tuple[FieldError, ...]


def is_save_format(graph: Mapping[str, Any]) -> bool:
    """Tell whether the editor saved this file, as opposed to a graph that the server runs."""
    return isinstance(graph.get("nodes"), list)


def to_api(ui: Mapping[str, Any], object_info: Mapping[str, Any]) -> ApiGraph:
    """Return the graph in API format without the warnings; see `convert`."""
    return convert(ui, object_info).graph


def convert(ui: Mapping[str, Any], object_info: Mapping[str, Any]) -> Conversion:
    """Return the graph in API format; raise Invalid with each graph node that has no conversion.

    `object_info` is ComfyUI's answer at that path: it names the widgets whose values the file
    holds in order. Of dynamic prompts (`{a|b}`), from which the editor draws, the first is taken.
    """
    if not is_save_format(as_object(ui)):
        raise refusal("graph", "not_save_format", "expected ComfyUI's save format")
    root = Opener(ui, as_object(object_info)).root()
    scopes = lay_out_scopes(root)
    if any(node.is_primitive for scope in scopes for node in scope.graph.nodes.values()):
        scopes = lay_out_scopes(root, Placeholders(scopes).replace)
    return Assembler(scopes).assemble()


class Assembler:
    """Assembles the API graph and reports what has no conversion."""

    def __init__(self, scopes: list[Scope]) -> None:
        self.scopes = scopes
        self.resolver = Resolver()
        self.values = SentValues(scopes)
        self.report = Report()

    def assemble(self) -> Conversion:
        api: ApiGraph = {}
        for scope in (scope for scope in self.scopes if not scope.is_off):
            for node in (node for node in scope.graph.nodes.values() if node.is_active):
                self.report.on_node(scope, node)
                if node.kind is GraphNodeKind.CLASS:
                    path = scope.path_of(node)
                    if path in api:
                        message = "another graph node already has this id"
                        raise refusal(f"nodes.{path}", "twice", message)
                    api[path] = self.graph_node(scope, node)
        self.report.problems.raise_if_any(NOT_CONVERTED, code="cannot_convert")
        return Conversion(api, tuple(self.report.warnings.errors))

    def graph_node(self, scope: Scope, node: Prepared) -> dict[str, Any]:
        inputs = self.values.of_widgets(scope, node)
        for index, socket in enumerate(node.sockets):
            match self.resolver.resolve(scope, node, index):
                case Linked(id_, slot):
                    inputs[socket.name] = [id_, slot]
                case Held(value):
                    inputs[socket.name] = self.values.wrapped(value, scope.path_of(node))
                case None:
                    widget = node.widgets.get(socket.name)
                    if widget is not None and widget.kind.is_made_in_browser:
                        self.report.browser_only(scope, node, socket.name)
        with_index(node, inputs, scope.values[node.saved.id])
        return {
            "inputs": inputs,
            "class_type": node.saved.type,
            "_meta": {"title": node.title},
        }
