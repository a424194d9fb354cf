"""Takes a graph node out of a graph, by bypass or removal, and repairs the links to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from workflows.graph.graph import Graph, GraphNode, Link, as_link, class_of, inputs_of, links_of

Draft: TypeAlias = dict[str, GraphNode]
"""A graph under construction, which may still share graph nodes with the stored graph."""

PASSES_THROUGH: Mapping[str, Sequence[str]] = {
    "LoraLoader": ("model", "clip"),
    "ControlNetApply": ("conditioning",),
    "ControlNetApplyAdvanced": ("positive", "negative"),
    "ControlNetApplySD3": ("positive", "negative"),
    "SetLatentNoiseMask": ("samples",),
}
"""The inputs that replace output 0, 1, … of a bypassed graph node, where their order misleads."""


def pass_through(node: GraphNode) -> list[str]:
    """Return the inputs that replace a graph node's outputs: known ones, or its links in order."""
    known = PASSES_THROUGH.get(class_of(node))
    return list(known) if known else [name for name, _ in links_of(node)]


def bypass(draft: Draft, target: str, through: Sequence[str]) -> Draft:
    """Drop `target` and link its consumers to its own inputs, slot by slot."""
    if target not in draft:
        return draft
    own = inputs_of(draft[target])
    sources = [own.get(name) for name in through]

    def replacement(link: Link) -> Any:
        source = sources[link[1]] if 0 <= link[1] < len(sources) else None
        return source if as_link(source) else None

    return without(draft, target, replacement)


def remove(draft: Draft, target: str) -> Draft:
    """Drop `target` and every link to it."""
    return without(draft, target, lambda _: None)


def without(draft: Draft, target: str, replacement: Callable[[Link], Any]) -> Draft:
    """Drop `target`; replace each link to it, or drop the link if its replacement is None."""
    return {
        id_: relinked(node, target, replacement) for id_, node in draft.items() if id_ != target
    }


def relinked(node: GraphNode, target: str, replacement: Callable[[Link], Any]) -> GraphNode:
    if all(link[0] != target for _, link in links_of(node)):
        return node
    inputs: dict[str, Any] = {}
    for name, value in inputs_of(node).items():
        link = as_link(value)
        new = replacement(link) if link and link[0] == target else value
        if new is not None or link is None:
            inputs[name] = new
    return {**node, "inputs": inputs}


def uses_of(graph: Graph, target: str) -> set[int]:
    """Return the outputs of `target` to which some graph node links."""
    return {
        slot for node in graph.values() for _, (source, slot) in links_of(node) if source == target
    }


def is_bypassable(graph: Graph, id_: str) -> bool:
    """Tell whether an input can replace each output in use."""
    own, through = inputs_of(graph[id_]), pass_through(graph[id_])
    return all(
        slot < len(through) and as_link(own.get(through[slot])) for slot in uses_of(graph, id_)
    )
