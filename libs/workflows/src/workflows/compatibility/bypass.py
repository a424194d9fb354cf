"""Pairs the outputs of a bypassed graph node with the inputs that replace them, by type.

It follows ComfyUI's editor: the input at the same position if its type fits, else the first input
whose type fits. Without known types the order of the links decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows.compatibility.object_info import ObjectInfo, declared_inputs, types_match
from workflows.graph.graph import Graph, class_of, links_of
from workflows.graph.removal import pass_through, uses_of

InputTypes = Mapping[str, Any]


def through_for(graph: Graph, id_: str, object_info: ObjectInfo) -> list[str]:
    """Return the inputs that replace output 0, 1, … of this graph node.

    A pairing by the order of links stays where its types fit, so that a version's hash does not
    depend on whether a server was known at upload.
    """
    through, types = pass_through(graph[id_]), input_types(graph, id_, object_info)
    for slot, given in used_outputs(graph, id_, object_info):
        if slot < len(through) and can_replace(through[slot], given, types):
            continue
        links = [name for name, _ in links_of(graph[id_]) if name in types]
        fitting = [name for name in links if can_replace(name, given, types)]
        if fitting:
            through += fitting[:1] * (slot + 1 - len(through))
            through[slot] = fitting[0]
    return through


def mismatches(
    graph: Graph, id_: str, through: Sequence[str], object_info: ObjectInfo
) -> Iterator[tuple[int, str]]:
    """Yield used outputs, with their types, that `through` replaces by another type."""
    types = input_types(graph, id_, object_info)
    for slot, given in used_outputs(graph, id_, object_info):
        if slot < len(through) and not can_replace(through[slot], given, types):
            yield slot, given


def can_replace(name: str, given: str, types: InputTypes) -> bool:
    """Tell whether the input takes this type; an undeclared input may take any."""
    wanted = types.get(name, given)
    return isinstance(wanted, str) and types_match(given, wanted)


def used_outputs(graph: Graph, id_: str, object_info: ObjectInfo) -> Iterator[tuple[int, str]]:
    """Yield the outputs to which some graph node links, with their types."""
    outputs: list[Any] = object_info.get(class_of(graph[id_]), {}).get("output") or []
    for slot in sorted(uses_of(graph, id_)):
        if 0 <= slot < len(outputs) and isinstance(outputs[slot], str):
            yield slot, outputs[slot]


def input_types(graph: Graph, id_: str, object_info: ObjectInfo) -> InputTypes:
    info = object_info.get(class_of(graph[id_]), {})
    return {declared.name: declared.type for declared in declared_inputs(info)}
