"""What a spec leaves to the order of its file is written down, since JSON stores lose it."""

from collections.abc import Mapping
from typing import TypeVar

from workflows.binding import Action
from workflows.graph import Graph
from workflows.parameter import InputSpec
from workflows.rewire import pass_through
from workflows.spec import OutputSpec, Spec

A = TypeVar("A", bound=Action)
Ordered = TypeVar("Ordered", InputSpec, OutputSpec)
GAP = 10
"""Between places as written, so that an explicit `order` can come between."""


def frozen(spec: Spec, graph: Graph) -> Spec:
    """The same spec with every `order` and every `through` given."""
    inputs = {
        name: item.model_copy(
            update={
                "when_absent": item.when_absent and with_through(item.when_absent, graph),
                "when": [with_through(when, graph) for when in item.when],
            }
        )
        for name, item in spec.inputs.items()
    }
    return spec.model_copy(
        update={"inputs": with_order(inputs), "outputs": with_order(spec.outputs)}
    )


def with_order(entries: Mapping[str, Ordered]) -> dict[str, Ordered]:
    return {
        name: entry.model_copy(
            update={"order": place * GAP if entry.order is None else entry.order}
        )
        for place, (name, entry) in enumerate(entries.items(), start=1)
    }


def with_through(action: A, graph: Graph) -> A:
    if action.bypass is None or action.through is not None or action.bypass not in graph:
        return action
    return action.model_copy(update={"through": pass_through(graph[action.bypass])})
