"""What a spec leaves to the order of its file is written down, since JSON stores lose it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from workflows.compatibility.fits import ObjectInfo
from workflows.compatibility.passing import through_for
from workflows.graph.binding import Action
from workflows.graph.graph import Graph
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import OutputSpec, Spec

A = TypeVar("A", bound=Action)
Ordered = TypeVar("Ordered", InputSpec, OutputSpec)
GAP = 10
"""Between places as written, so that an explicit `order` can come between."""


def frozen(spec: Spec, graph: Graph, object_info: ObjectInfo) -> Spec:
    """The same spec with every `order` and every `through` given."""
    inputs = {name: frozen_input(item, graph, object_info) for name, item in spec.inputs.items()}
    return spec.model_copy(
        update={"inputs": with_order(inputs), "outputs": with_order(spec.outputs)}
    )


def frozen_input(item: InputSpec, graph: Graph, object_info: ObjectInfo) -> InputSpec:
    def whole(action: A) -> A:
        return with_through(action, graph, object_info)

    update: dict[str, Any] = {
        "when_absent": item.when_absent and whole(item.when_absent),
        "when": [whole(when) for when in item.when],
        "bind": [
            bind.model_copy(update={"when_absent": bind.when_absent and whole(bind.when_absent)})
            for bind in item.bind
        ],
    }
    if item.is_spread and item.bind and item.max_items is None:
        update["max_items"] = len(item.bind)
    return item.model_copy(update=update)


def with_order(entries: Mapping[str, Ordered]) -> dict[str, Ordered]:
    return {
        name: entry.model_copy(
            update={"order": place * GAP if entry.order is None else entry.order}
        )
        for place, (name, entry) in enumerate(entries.items(), start=1)
    }


def with_through(action: A, graph: Graph, object_info: ObjectInfo) -> A:
    if action.bypass is None or action.through is not None or action.bypass not in graph:
        return action
    return action.model_copy(update={"through": through_for(graph, action.bypass, object_info)})
