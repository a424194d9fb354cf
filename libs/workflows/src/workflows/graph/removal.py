"""Takes a graph node out of a graph, by bypass or removal, and repairs the links to it."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from workflows.graph.graph import Graph, GraphNode, as_link, class_of, inputs_of, links_of

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


def take_out(draft: Draft, target: str, through: Sequence[str] = ()) -> Draft:
    """Drop `target`; link its consumers to its inputs `through`, slot by slot, or to nothing."""
    if target not in draft:
        return draft
    own = inputs_of(draft[target])
    sources = [own.get(name) for name in through]

    def relinked(node: GraphNode) -> GraphNode:
        uses = [(name, link[1]) for name, link in links_of(node) if link[0] == target]
        if not uses:
            return node
        inputs = dict(inputs_of(node))
        for name, slot in uses:
            source = sources[slot] if 0 <= slot < len(sources) else None
            if as_link(source):
                inputs[name] = source
            else:
                del inputs[name]
        return {**node, "inputs": inputs}

    return {id_: relinked(node) for id_, node in draft.items() if id_ != target}


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
