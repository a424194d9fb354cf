"""Checks that the switches of a spec can work on its graph, as far as the graph alone tells."""

from workflows.graph.graph import Graph, inputs_of
from workflows.graph.removal import uses_of
from workflows.json_values import is_number
from workflows.problems import Problems
from workflows.spec.binding import Action
from workflows.spec.field_types import Scalar
from workflows.spec.parameter import MEDIA, NUMBERS, TEXTS, InputSpec
from workflows.spec.spec import Spec

TEXT_TYPES = frozenset({*TEXTS, *MEDIA, "model"})


def check_switches(spec: Spec, name: str, graph: Graph, problems: Problems) -> None:
    item = spec.inputs[name]
    for path, action in item.actions(name):
        check_target(action, path, spec, graph, problems)
        check_set(action, item, path, problems)


def check_target(action: Action, path: str, spec: Spec, graph: Graph, problems: Problems) -> None:
    target = action.graph_node
    if target is None:
        return
    if target not in graph:
        problems.add(path, "unknown", no_such_node(target))
    elif any(output.node == target for output in spec.outputs.values()):
        problems.add(path, "invalid", f"graph node {target} is an output and must stay")
    elif action.bypass is not None:
        own, through = inputs_of(graph[target]), action.through or []
        for slot in sorted(uses_of(graph, target)):
            if slot >= len(through) or not isinstance(own.get(through[slot]), list):
                message = (
                    f"output {slot} of graph node {target} is in use: expected the name of a "
                    "linked input that replaces it"
                )
                problems.add(f"{path}.through", "invalid", message)


def no_such_node(id_: str) -> str:
    return f"the graph has no graph node {id_!r}"


def check_set(action: Action, item: InputSpec, path: str, problems: Problems) -> None:
    """Check the type of a `set` value, unless a transform may produce another type as well."""
    is_free = item.is_list or any(bind.transform for bind in item.bind)
    expected = None if action.set is None or is_free else expected_type(item, action.set)
    if expected:
        message = f"expected {expected}, because the input is of type {item.type}"
        problems.add(f"{path}.set", "wrong_type", message)


def expected_type(item: InputSpec, value: Scalar) -> str | None:
    """Name the type that the input takes, or return None if the value has it."""
    if item.item_type in TEXT_TYPES:
        return None if isinstance(value, str) else "a text"
    if item.type == "boolean":
        return None if isinstance(value, bool) else "true or false"
    if item.type in (*NUMBERS, "seed"):
        is_right = is_number(value) and (item.type == "number" or value == int(value))
        return None if is_right else "a number"
    return None
