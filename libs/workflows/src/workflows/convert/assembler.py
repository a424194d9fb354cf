"""Converts ComfyUI's save format to its API format, as ComfyUI's own editor does.

open      the file's graph nodes, with sockets and widgets of the fleet's classes   opener.py
unfold    every instance of every subgraph, with its own values                     scopes.py
resolve   where each link begins                                                    resolver.py
assemble  graph nodes that run, their inputs, nothing pruned                        here
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from workflows.convert.classes import BROWSER_ONLY, UPLOADS
from workflows.convert.opener import Opener
from workflows.convert.preparation import GraphNodeKind, Prepared
from workflows.convert.refusal import NOT_CONVERTED, cut_text, refusal
from workflows.convert.resolver import Held, Linked, Resolver
from workflows.convert.saved_file import read_graph
from workflows.convert.scopes import Scope, lay_out_scopes
from workflows.convert.texts import SAVERS, Placeholders, first_choices
from workflows.json_values import as_array, as_object
from workflows.problems import Problems

MOST_BYTES = 8 * 1024 * 1024
"""Limit of all values together: each instance repeats the values that the file holds once."""

SUBGRAPH = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ApiGraph = dict[str, dict[str, Any]]


def is_save_format(graph: Mapping[str, Any]) -> bool:
    """Tell whether the editor saved this file, as opposed to a graph that the server runs."""
    return isinstance(graph.get("nodes"), list)


def to_api(ui: Mapping[str, Any], object_info: Mapping[str, Any]) -> ApiGraph:
    """Return the graph in API format; raise Invalid with each graph node that has no conversion.

    `object_info` is ComfyUI's answer at that path: it names the widgets whose values the file
    holds in order. Of dynamic prompts (`{a|b}`), from which the editor draws, the first is taken.
    """
    if not is_save_format(as_object(ui)):
        raise refusal("graph", "not_save_format", "expected ComfyUI's save format")
    object_info = as_object(object_info)
    root = Opener(ui, object_info).prepare(read_graph(ui, ""), with_groups=True)
    scopes = lay_out_scopes(root)
    if any(node.is_primitive for scope in scopes for node in scope.graph.nodes.values()):
        scopes = lay_out_scopes(root, Placeholders(scopes).replace)
    return Assembler(scopes, object_info).assemble()


class Assembler:
    """Assembles the API graph within a budget of bytes."""

    def __init__(self, scopes: list[Scope], object_info: Mapping[str, Any]) -> None:
        self.scopes = scopes
        self.object_info = object_info
        self.resolver = Resolver()
        self.placeholders = Placeholders(scopes)
        self.problems = Problems()
        self.left = MOST_BYTES

    def assemble(self) -> ApiGraph:
        api: ApiGraph = {}
        for scope in self.scopes:
            for node in scope.graph.nodes.values():
                if self.runs(scope, node):
                    path = scope.path_of(node)
                    if path in api:
                        message = "another graph node already has this id"
                        raise refusal(f"nodes.{path}", "twice", message)
                    api[path] = self.graph_node(scope, node)
        self.problems.raise_if_any(NOT_CONVERTED, code="cannot_convert")
        for node in api.values():
            node["inputs"] = {
                name: value for name, value in node["inputs"].items() if not is_lost(value, api)
            }
        return api

    def runs(self, scope: Scope, node: Prepared) -> bool:
        if node.is_muted or node.is_bypassed:
            return False
        if node.kind is GraphNodeKind.UNKNOWN:
            self.problems.add(
                f"nodes.{scope.path_of(node)}",
                "unknown_class",
                unknown(node),
                class_type=node.saved.type,
            )
        return node.kind is GraphNodeKind.CLASS

    def graph_node(self, scope: Scope, node: Prepared) -> dict[str, Any]:
        inputs = self.widget_inputs(scope, node)
        for index, socket in enumerate(node.sockets):
            match self.resolver.resolve(scope, node, index):
                case Linked(id_, slot):
                    inputs[socket.name] = [id_, slot]
                case Held(value):
                    inputs[socket.name] = self.sendable(value, scope.path_of(node))
                case None:
                    self.check_widget(scope, node, socket.name)
        return {
            "inputs": inputs,
            "class_type": node.saved.type,
            "_meta": {"title": self.title(node)},
        }

    def check_widget(self, scope: Scope, node: Prepared, name: str) -> None:
        """Refuse a widget whose value the browser makes at the moment of sending."""
        widget = node.widgets.get(name)
        if widget is not None and widget.widget_type in BROWSER_ONLY:
            path = f"nodes.{scope.path_of(node)}.inputs.{name}"
            message = (
                f"{node.saved.type[:100]} takes this picture in the browser (3D view, webcam); "
                "link an image to it"
            )
            self.problems.add(cut_text(path), "browser_only", message)

    def widget_inputs(self, scope: Scope, node: Prepared) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        values = scope.values[node.saved.id]
        for name, widget in node.widgets.items():
            if name not in values or widget.widget_type in UPLOADS:
                continue
            value = values[name]
            if isinstance(value, str):
                if widget.options.get("dynamicPrompts"):
                    value = first_choices(value)
                if name == "filename_prefix" and node.saved.type in SAVERS:
                    value = self.placeholders.replace(value)
            inputs[name] = self.sendable(value, scope.path_of(node))
        return inputs

    def sendable(self, value: Any, id_: str) -> Any:
        """Wrap a list, which would look like a link; the server unwraps it."""
        try:
            self.left -= len(json.dumps(value))
        except (TypeError, ValueError, RecursionError):
            raise refusal(f"nodes.{id_}", "not_json", "a value is not plain JSON") from None
        if self.left < 0:
            message = f"the values up to here are larger than {MOST_BYTES // 1024**2} MiB"
            raise refusal(f"nodes.{id_}", "too_big", message)
        wrapped = {"__value__": value}
        return wrapped if isinstance(value, list) else value

    def title(self, node: Prepared) -> str:
        title = node.saved.title
        if isinstance(title, str) and title:
            return title
        display = as_object(self.object_info.get(node.saved.type)).get("display_name")
        return display if isinstance(display, str) and display else node.saved.type


def is_lost(value: Any, api: ApiGraph) -> bool:
    """Tell whether a link leads to a graph node that does not run; the editor drops it."""
    link = as_array(value)
    return bool(link) and link[0] not in api


def unknown(node: Prepared) -> str:
    """Return why the graph node cannot run, with the package that the editor noted."""
    if SUBGRAPH.fullmatch(node.saved.type):
        return "the file does not contain the definition of this subgraph"
    properties = as_object(node.saved.properties)
    pack = properties.get("cnr_id") or properties.get("aux_id")
    hint = f"; the file names the package {pack[:100]!r}" if isinstance(pack, str) else ""
    return f"no node of the fleet has the class {node.saved.type[:100]!r}{hint}"
