"""Unfolds every instance of every graph, each with its own widget values.

Values that an instance promotes, and those of the editor's primitive nodes, replace the values of
the widgets that they are linked to.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from workflows.convert.classes import Declared
from workflows.convert.javascript import number
from workflows.convert.marks import carried
from workflows.convert.preparation import VALUE, Prepared, PreparedGraph
from workflows.convert.proxies import Source
from workflows.convert.refusal import refusal
from workflows.convert.saved_file import BoundaryInput, SavedLink
from workflows.convert.widgets import hold
from workflows.json_values import as_object, is_number

MOST_WEIGHT = 50_000
"""Limit of graph nodes, sockets and values in all instances: nesting can make billions."""
ENTRANCE = "-10"
"""The id at which the links of a subgraph's inputs begin."""

EDITOR_MAX = 2048
"""The editor limits a number without declared limits to 0 and this."""
Replace = Callable[[str], str]


@dataclass
class Scope:
    """One instance of a graph; the root has no parent."""

    graph: PreparedGraph
    path: str = ""
    parent: "Scope | None" = None
    instance: Prepared | None = None
    values: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    inside: dict[str, "Scope"] = field(default_factory=dict[str, "Scope"])
    shown: dict[Source, Any] = field(default_factory=dict[Source, Any])
    """Values of inner widgets that the instance shows without an input."""
    is_off: bool = False
    """True within a muted or bypassed graph node of the root; nested ones run nevertheless."""

    def path_of(self, node: Prepared) -> str:
        """Return the id in the API format: the ids of all outer instances, then its own."""
        return f"{self.path}{node.saved.id}"

    def entry(self, slot: int) -> BoundaryInput | None:
        """Return the graph's own input number `slot`."""
        inputs = self.graph.saved.inputs
        return inputs[slot] if 0 <= slot < len(inputs) else None


def lay_out_scopes(root: PreparedGraph, replace: Replace | None = None) -> list[Scope]:
    """Return all instances, outer ones first; `replace` rewrites texts of primitive nodes."""
    scopes = [Scope(root)]
    weight = 0
    for scope in scopes:
        weight += scope.graph.weight
        if weight > MOST_WEIGHT:
            message = f"expected at most {MOST_WEIGHT} graph nodes and values in all subgraphs"
            raise refusal("nodes", "too_many", message)
        scope.values = values_of(scope, replace)
        for id_, graph in scope.graph.inside.items():
            node = scope.graph.nodes[id_]
            is_off = scope.is_off or (scope.parent is None and not node.is_active)
            inner = Scope(graph, f"{scope.path}{id_}:", scope, node, is_off=is_off)
            scope.inside[id_] = inner
            scopes.append(inner)
    return scopes


def values_of(scope: Scope, replace: Replace | None) -> dict[str, dict[str, Any]]:
    found = {id_: dict(node.values) for id_, node in scope.graph.nodes.items()}
    scope.shown = shown_values(scope)
    for source, value in scope.shown.items():
        found[source.node][source.widget] = value
    for id_, node, name in scope.graph.widget_links():
        widget = node.widgets[name]
        value = given_value(scope, scope.graph.saved.links.get(id_), widget, found, replace)
        if value is not None:
            found[node.saved.id][name] = value[0]
    return found


def shown_values(scope: Scope) -> dict[Source, Any]:
    """Return the values that the instance holds for inner widgets without an input."""
    if scope.parent is None or scope.instance is None:
        return {}
    held = scope.parent.values[scope.instance.saved.id]
    inputs = scope.graph.sources
    return {
        source: held[name]
        for name, source in scope.instance.targets.items()
        if name not in inputs and name in held
    }


def given_value(
    scope: Scope,
    link: SavedLink | None,
    widget: Declared,
    values: Mapping[str, Mapping[str, Any]],
    replace: Replace | None,
) -> tuple[Any] | None:
    """Return the value, if any, that reaches a widget from outside or a primitive node."""
    if link is None:
        return None
    if link.origin_id == ENTRANCE:
        return promoted_value(scope, link.origin_slot)
    origin = scope.graph.nodes.get(link.origin_id)
    if origin is None or not origin.is_primitive or VALUE not in values[link.origin_id]:
        return None
    value = primitive_value(origin, values[link.origin_id][VALUE], replace)
    return (carried(value, hold(widget, as_written(widget, value))),)


def promoted_value(scope: Scope, slot: int) -> tuple[Any] | None:
    """Return the value of the instance's own widget for this input, unless a link feeds it."""
    entry = scope.entry(slot)
    if scope.parent is None or scope.instance is None or entry is None:
        return None
    if scope.instance.sockets[slot].link is not None:
        return None
    held: Mapping[str, Any] = scope.parent.values[scope.instance.saved.id]
    return (held[entry.name],) if entry.name in held else None


def primitive_value(primitive: Prepared, value: Any, replace: Replace | None) -> Any:
    wanted = as_object(primitive.saved.properties).get("Run widget replace on values")
    if replace is not None and wanted and isinstance(value, str):
        return replace(value)
    return value


def as_written(widget: Declared, value: Any) -> Any:
    """Return the value that the widget accepts from a primitive node."""
    if widget.widget_type not in ("INT", "FLOAT") or not is_number(value):
        return value
    if not math.isfinite(value):
        return value
    return rounded_int(widget, value) if widget.widget_type == "INT" else rounded(widget, value)


def rounded_int(widget: Declared, value: float) -> float:
    """Round to a multiple of `step`, offset by the remainder of the minimum."""
    low, high = bounds(widget)
    step = number(widget.options.get("step"), 1) or 1
    shift = math.fmod(low, step)
    within = min(max(value, low), high)
    return nearest(within, step, shift)


def rounded(widget: Declared, value: float) -> float:
    low, high = bounds(widget)
    step = abs(number(widget.options.get("step"), 0.5)) or 0.5
    places = min(max(0, -math.floor(math.log10(step))), 100)
    given = widget.options.get("round")
    if given is False:
        return min(max(value, low), high)
    to = abs(number(given, 0)) or 10.0**-places
    return min(max(round_places(nearest(value, to, 0), places), low), high)


def bounds(widget: Declared) -> tuple[float, float]:
    low, high = number(widget.options.get("min"), 0), number(widget.options.get("max"), EDITOR_MAX)
    return low, high


def nearest(value: float, step: float, shift: float) -> float:
    """Return the nearest multiple of `step`, halves upwards as in JavaScript."""
    if isinstance(value, int) and isinstance(step, int) and float(shift).is_integer():
        return (value - int(shift) + step // 2) // step * step + int(shift)
    count = (value - shift) / step
    return math.floor(count + 0.5) * step + shift if math.isfinite(count) else value


def round_places(value: float, places: int) -> float:
    """Round like JavaScript's `toFixed`: halves of the exact binary value away from zero."""
    unit = Decimal(1).scaleb(-places)
    return float(Decimal(value).quantize(unit, ROUND_HALF_UP, Context(prec=500)))
