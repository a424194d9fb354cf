"""Links between graph nodes: inputs whose value is `[node_id, slot]`."""

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
