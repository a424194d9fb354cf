"""Reads graphs in ComfyUI's API format, which is plain JSON: `{id: {class_type, inputs}}`.

A link is `["graph node id", output slot]`, exactly as ComfyUI's own `is_link` decides.
"""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias, cast

GraphNode: TypeAlias = Mapping[str, Any]
Graph: TypeAlias = Mapping[str, GraphNode]
Link: TypeAlias = tuple[str, int]


def as_link(value: object) -> Link | None:
    """Return the link that an input holds, or None for a literal value."""
    if not isinstance(value, list):
        return None
    match cast("list[object]", value):
        case [str(node), int() | float() as slot]:
            return node, int(slot)
        case _:
            return None


def inputs_of(node: GraphNode) -> Mapping[str, Any]:
    return node.get("inputs", {})


def class_of(node: GraphNode) -> str:
    return node["class_type"]


def links_of(node: GraphNode) -> Iterator[tuple[str, Link]]:
    """Yield each input that holds a link, with the link."""
    for name, value in inputs_of(node).items():
        if link := as_link(value):
            yield name, link


def find_cycle(graph: Graph) -> list[str] | None:
    """Return the ids of one cycle, or None if the graph is acyclic.

    ComfyUI itself refuses a cycle without naming its graph nodes.
    """
    order = TopologicalSorter(
        {id_: [link[0] for _, link in links_of(node)] for id_, node in graph.items()}
    )
    try:
        order.prepare()
    except CycleError as error:
        return [str(id_) for id_ in error.args[1]]
    return None


def reaching(graph: Graph, outputs: Iterable[str]) -> set[str]:
    """Return the graph nodes that `outputs` depend on, themselves included."""
    found: set[str] = set()
    waiting = [id_ for id_ in outputs if id_ in graph]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting.extend(link[0] for _, link in links_of(graph[here]) if link[0] in graph)
    return found


def dangling_links(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Yield links to graph nodes that do not exist, as (graph node, input, missing graph node)."""
    for id_, node in graph.items():
        for name, link in links_of(node):
            if link[0] not in graph:
                yield id_, name, link[0]
