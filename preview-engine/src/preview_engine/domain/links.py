"""Links between graph nodes: inputs whose value is `[node_id, slot]`."""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from preview_engine.domain.catalog import Graph


class Link(NamedTuple):
    node_id: str
    slot: int


def link_of(value: object) -> Link | None:
    match value:
        case [str() as node_id, int() | float() as slot]:
            return Link(node_id, int(slot))
        case _:
            return None


def inputs_of(graph: Graph, node_id: str) -> dict[str, Any]:
    """Return inputs by name; none if they are not an object, which an unused node may have."""
    inputs = graph[node_id].get("inputs")
    return cast("dict[str, Any]", inputs) if isinstance(inputs, dict) else {}


def links(graph: Graph, node_id: str, declared: frozenset[str]) -> Iterator[tuple[str, Link]]:
    """Yield the links that count: from declared inputs, to graph nodes that exist.

    ComfyUI follows undeclared inputs as well, and a dangling one there kills its worker.
    """
    for name, value in inputs_of(graph, node_id).items():
        link = link_of(value)
        if link and name in declared and link.node_id in graph:
            yield name, link
