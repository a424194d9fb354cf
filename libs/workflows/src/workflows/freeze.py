"""What a spec leaves to the order of its file is written down, since JSON stores lose it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from workflows.binding import Action, Bind
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
    inputs = {name: frozen_input(item, graph) for name, item in spec.inputs.items()}
    return spec.model_copy(
        update={"inputs": with_order(inputs), "outputs": with_order(spec.outputs)}
    )


def frozen_input(item: InputSpec, graph: Graph) -> InputSpec:
    update: dict[str, Any] = {
        "when_absent": item.when_absent and with_through(item.when_absent, graph),
        "when": [with_through(when, graph) for when in item.when],
        "bind": [frozen_bind(bind, graph) for bind in item.bind],
    }
    if item.is_spread and item.bind and item.max_items is None:
        update["max_items"] = len(item.bind)
    return item.model_copy(update=update)


def frozen_bind(bind: Bind, graph: Graph) -> Bind:
    if bind.when_absent is None:
        return bind
    return bind.model_copy(update={"when_absent": with_through(bind.when_absent, graph)})


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
