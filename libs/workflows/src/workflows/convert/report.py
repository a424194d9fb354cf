"""Reports what a conversion leaves out: an error where the result would silently differ.

Everything else is a warning with the graph node that it concerns.
"""

import re

from workflows.convert.editor_nodes import QUIET, SAYS, Role
from workflows.convert.leftovers import names_model, shown, telling
from workflows.convert.preparation import GraphNodeKind, Prepared
from workflows.convert.refusal import cut_text
from workflows.convert.scopes import Scope
from workflows.json_values import as_object
from workflows.problems import Problems

SUBGRAPH = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Report:
    """Collects errors and warnings about graph nodes that are active."""

    def __init__(self) -> None:
        self.problems = Problems()
        self.warnings = Problems()

    def on_node(self, scope: Scope, node: Prepared) -> None:
        path = f"nodes.{scope.path_of(node)}"
        if node.kind is GraphNodeKind.UNKNOWN:
            type_ = node.saved.type
            self.problems.add(path, "unknown_class", unknown(node), class_type=type_)
        elif node.kind is GraphNodeKind.VIRTUAL:
            self.editor_only(path, scope, node)
        else:
            self.left_over(path, node)

    def editor_only(self, path: str, scope: Scope, node: Prepared) -> None:
        role = node.editor_node.role if node.editor_node else None
        if role is Role.CHOICE and draws(scope, node):
            message = (
                f"{node.saved.type} unmutes one of its inputs at random each time; "
                "unmute one by hand"
            )
            self.problems.add(path, "editor_only", message)
        elif role in SAYS and node.saved.type not in QUIET:
            self.warnings.add(path, "left_out", SAYS[role].format(node.saved.type))

    def left_over(self, path: str, node: Prepared) -> None:
        for name in node.cut:
            message = f"{node.saved.type[:100]} has no such input, so its link was left out"
            self.warnings.add(cut_text(f"{path}.inputs.{name}"), "left_over", message)
        for name, value in telling(node.saved.type, node.left):
            place = cut_text(f"{path}.widgets_values.{name}")
            message = f"no input of {node.saved.type[:100]} takes the saved value {shown(value)}"
            if names_model(value):
                hint = f"{message}, which names a model; the result would differ without it"
                self.problems.add(place, "left_over", hint)
            else:
                self.warnings.add(place, "left_over", message)

    def browser_only(self, scope: Scope, node: Prepared, name: str) -> None:
        """Refuse a widget whose value the browser makes at the moment of sending."""
        path = f"nodes.{scope.path_of(node)}.inputs.{name}"
        message = (
            f"{node.saved.type[:100]} takes this picture in the browser (3D view, webcam); "
            "link an image to it"
        )
        self.problems.add(cut_text(path), "browser_only", message)


def draws(scope: Scope, node: Prepared) -> bool:
    """Tell whether all graph nodes before this one are muted, so that it would unmute one."""
    links = [scope.graph.saved.links.get(socket.link or "") for socket in node.sockets]
    origins = [scope.graph.nodes.get(link.origin_id) for link in links if link is not None]
    return bool(origins) and all(origin is None or origin.is_muted for origin in origins)


def unknown(node: Prepared) -> str:
    """Return why the graph node cannot run, with the package that the editor noted."""
    if SUBGRAPH.fullmatch(node.saved.type):
        return "the file does not contain the definition of this subgraph"
    properties = as_object(node.saved.properties)
    pack = properties.get("cnr_id") or properties.get("aux_id")
    hint = f"; the file names the package {pack[:100]!r}" if isinstance(pack, str) else ""
    return f"no node of the fleet has the class {node.saved.type[:100]!r}{hint}"
