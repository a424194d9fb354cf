"""Finds the seeds that the classes behind an input take: many stop at 2**32 - 1."""

from collections.abc import Iterator, Sequence

from workflows.compatibility.object_info import ObjectInfo, declared_input
from workflows.graph.graph import Graph, class_of
from workflows.inputs.validation import SeedRange, SeedRanges
from workflows.spec.binding import Bind
from workflows.spec.checks import seed_range
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import Spec


def seed_ranges(graph: Graph, spec: Spec, servers: Sequence[ObjectInfo]) -> SeedRanges:
    """Return the smallest and the largest seed that suit every bound class of every server.

    An input is left out where no seed suits them all.
    """
    found = {
        name: narrowest(graph, item, servers)
        for name, item in spec.inputs.items()
        if item.type == "seed"
    }
    return {name: (low, high) for name, (low, high) in found.items() if low <= high}


def narrowest(graph: Graph, item: InputSpec, servers: Sequence[ObjectInfo]) -> SeedRange:
    low, high = seed_range(item)
    limits = [*class_limits(graph, item.bind, servers)]
    return (
        int(max([low, *(least for least, _ in limits)])),
        int(min([high, *(most for _, most in limits)])),
    )


def class_limits(
    graph: Graph, binds: Sequence[Bind], servers: Sequence[ObjectInfo]
) -> Iterator[tuple[float, float]]:
    """Yield the limits of each known class that gets the seed as it is."""
    for bind in binds:
        if bind.transform or bind.path:
            continue
        for object_info in servers:
            info = object_info.get(class_of(graph[bind.node]), {})
            if declared := declared_input(info, bind.input):
                yield declared.limits
