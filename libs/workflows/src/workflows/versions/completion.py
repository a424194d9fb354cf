"""Completes a spec with every `order` and `through`, because JSON stores lose a file's order."""

from collections.abc import Mapping
from typing import Any, TypeVar

from workflows.compatibility.bypass import through_for
from workflows.compatibility.object_info import ObjectInfo
from workflows.graph.graph import Graph
from workflows.spec.binding import Action
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import OutputSpec, Spec

A = TypeVar("A", bound=Action)
Ordered = TypeVar("Ordered", InputSpec, OutputSpec)
GAP = 10
"""Distance of positions, so that an explicit `order` fits between them."""


def completed(spec: Spec, graph: Graph, object_info: ObjectInfo) -> Spec:
    """Return the spec with every `order` and every `through` stated."""
    inputs = {name: completed_input(item, graph, object_info) for name, item in spec.inputs.items()}
    return spec.model_copy(
        update={"inputs": with_order(inputs), "outputs": with_order(spec.outputs)}
    )


def completed_input(item: InputSpec, graph: Graph, object_info: ObjectInfo) -> InputSpec:
    def complete(action: A) -> A:
        if action.bypass is None or action.through is not None or action.bypass not in graph:
            return action
        through = through_for(graph, action.bypass, object_info)
        return action.model_copy(update={"through": through})

    update: dict[str, Any] = {
        "when_absent": item.when_absent and complete(item.when_absent),
        "when": [complete(when) for when in item.when],
        "bind": [
            bind.model_copy(update={"when_absent": bind.when_absent and complete(bind.when_absent)})
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
