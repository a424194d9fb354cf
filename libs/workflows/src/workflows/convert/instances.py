"""Prepares an instance of a subgraph: the inputs of its definition, and the widgets that it shows.

An instance shows a widget for each input that ends in an inner widget, and for each of its
`proxyWidgets`. It holds values of its own for them.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from workflows.convert.layout import Socket
from workflows.convert.preparation import (
    GraphNodeKind,
    Prepared,
    PreparedGraph,
    title_of,
)
from workflows.convert.proxies import own_input_values, proxies
from workflows.convert.saved_file import SavedNode
from workflows.convert.widget_types import ABSENT, CONTROLS
from workflows.convert.widgets import chosen


def prepare_instance(node: SavedNode, inside: PreparedGraph) -> Prepared:
    """Prepare a subgraph node, with the definition's sockets, outputs and promoted widgets."""
    links = {entry.name: entry.link for entry in reversed(node.inputs)}
    boundary = inside.saved.inputs
    sockets = tuple(Socket(entry.name, entry.type, links.get(entry.name)) for entry in boundary)
    outputs = tuple(entry.type for entry in inside.saved.outputs)
    widgets, targets, values = dict(inside.promoted), dict(inside.sources), dict(inside.initial)
    values |= {
        name: chosen(widgets[name], value) for name, value in dealt(node, inside.promoted).items()
    }
    names = {source: name for name, source in targets.items()}
    for proxy in proxies(node, inside.shown_names):
        source = proxy.source
        free = f"{source.node}: {source.widget}" if source.widget in values else source.widget
        name = names.setdefault(source, free)
        targets.setdefault(name, source)
        inner = inside.nodes[source.node]
        widget = inner.widgets.get(source.widget)
        if widget is not None:
            widgets.setdefault(name, replace(widget, name=name))
        value = proxy.value
        if value is ABSENT:
            value = values.get(name, inner.values.get(source.widget, ABSENT))
        if value is not ABSENT:
            values[name] = chosen(widget, value) if widget else value
    return Prepared(
        node,
        GraphNodeKind.INSTANCE,
        sockets,
        outputs,
        widgets,
        values,
        title_of(node, None),
        targets=targets,
    )


def dealt(node: SavedNode, names: Collection[str]) -> dict[str, Any]:
    """Return saved values in order, overridden by those that name an input."""
    found = dict(zip(names, node.values, strict=False))
    if not set(node.named) <= {*names, *CONTROLS}:
        found.update(node.named)
    found.update(own_input_values(node))
    return {name: value for name, value in found.items() if name in names}
