"""Which inputs stand for the outputs of a bypassed graph node: paired by type, if types are known.

As ComfyUI's editor does it: the input of the same place if its type fits, else the first that does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows.compatibility.fits import ObjectInfo, declared_inputs, types_match
from workflows.graph.graph import Graph, class_of, links_of
from workflows.graph.rewire import pass_through, uses_of

Kinds = Mapping[str, Any]


def through_for(graph: Graph, id_: str, object_info: ObjectInfo) -> list[str]:
    """The input that stands for output 0, 1, … of this graph node.

    What its links suggest is kept where it fits, so that a version's hash does not depend on
    whether a server was there to ask.
    """
    through, kinds = pass_through(graph[id_]), kinds_of(graph, id_, object_info)
    for slot, given in used_outputs(graph, id_, object_info):
        if slot < len(through) and may_stand(through[slot], given, kinds):
            continue
        links = [name for name, _ in links_of(graph[id_]) if name in kinds]
        fitting = [name for name in links if may_stand(name, given, kinds)]
        if fitting:
            through += fitting[:1] * (slot + 1 - len(through))
            through[slot] = fitting[0]
    return through


def misplaced(
    graph: Graph, id_: str, through: Sequence[str], object_info: ObjectInfo
) -> Iterator[tuple[int, str]]:
    """The outputs in use, with their types, for which an input of another type would stand."""
    kinds = kinds_of(graph, id_, object_info)
    for slot, given in used_outputs(graph, id_, object_info):
        if slot < len(through) and not may_stand(through[slot], given, kinds):
            yield slot, given


def may_stand(name: str, given: str, kinds: Kinds) -> bool:
    """Whether an input takes this type; one that is not declared may take anything."""
    wanted = kinds.get(name, given)
    return isinstance(wanted, str) and types_match(given, wanted)


def used_outputs(graph: Graph, id_: str, object_info: ObjectInfo) -> Iterator[tuple[int, str]]:
    """Outputs that some graph node takes, with their types."""
    outputs: list[Any] = object_info.get(class_of(graph[id_]), {}).get("output") or []
    for slot in sorted(uses_of(graph, id_)):
        if 0 <= slot < len(outputs) and isinstance(outputs[slot], str):
            yield slot, outputs[slot]


def kinds_of(graph: Graph, id_: str, object_info: ObjectInfo) -> Kinds:
    """The types that the inputs of this graph node take, as its class declares them."""
    info = object_info.get(class_of(graph[id_]), {})
    return {name: declared[0] for name, _, declared in declared_inputs(info)}
