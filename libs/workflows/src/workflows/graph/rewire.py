"""Taking a graph node out of a graph, and what becomes of the links to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from workflows.graph.graph import Graph, GraphNode, Link, as_link, class_of, inputs_of, links_of

Draft: TypeAlias = dict[str, GraphNode]
"""A graph under construction: its graph nodes may still be shared with the stored graph."""

PASSES_THROUGH: Mapping[str, Sequence[str]] = {
    "LoraLoader": ("model", "clip"),
    "ControlNetApply": ("conditioning",),
    "ControlNetApplyAdvanced": ("positive", "negative"),
    "ControlNetApplySD3": ("positive", "negative"),
    "SetLatentNoiseMask": ("samples",),
}
"""Which input stands for output 0, 1, … of a bypassed graph node, where order alone may mislead."""


def pass_through(node: GraphNode) -> list[str]:
    """The inputs that stand for a graph node's outputs: known, or its links as written."""
    known = PASSES_THROUGH.get(class_of(node))
    return list(known) if known else [name for name, _ in links_of(node)]


def bypass(draft: Draft, target: str, through: Sequence[str]) -> Draft:
    """Let the consumers of `target` take its own inputs instead, slot by slot."""
    if target not in draft:
        return draft
    own = inputs_of(draft[target])
    sources = [own.get(name) for name in through]

    def instead(link: Link) -> Any:
        source = sources[link[1]] if 0 <= link[1] < len(sources) else None
        return source if as_link(source) else None

    return without(draft, target, instead)


def remove(draft: Draft, target: str) -> Draft:
    """Drop `target` and every link to it."""
    return without(draft, target, lambda _: None)


def without(draft: Draft, target: str, instead: Callable[[Link], Any]) -> Draft:
    """Drop `target`; each link to it becomes what `instead` says, or goes."""
    return {id_: relinked(node, target, instead) for id_, node in draft.items() if id_ != target}


def relinked(node: GraphNode, target: str, instead: Callable[[Link], Any]) -> GraphNode:
    if all(link[0] != target for _, link in links_of(node)):
        return node
    inputs: dict[str, Any] = {}
    for name, value in inputs_of(node).items():
        link = as_link(value)
        replacement = instead(link) if link and link[0] == target else value
        if replacement is not None or link is None:
            inputs[name] = replacement
    return {**node, "inputs": inputs}


def uses_of(graph: Graph, target: str) -> set[int]:
    """The outputs of `target` that some graph node takes."""
    return {
        slot for node in graph.values() for _, (source, slot) in links_of(node) if source == target
    }


def is_bypassable(graph: Graph, id_: str) -> bool:
    """Whether each output of the graph node that is used has an input to stand for it."""
    own, through = inputs_of(graph[id_]), pass_through(graph[id_])
    return all(
        slot < len(through) and as_link(own.get(through[slot])) for slot in uses_of(graph, id_)
    )
