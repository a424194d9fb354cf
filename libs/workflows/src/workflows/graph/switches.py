"""Whether the switches of a spec can do what they say, as far as the graph alone tells."""

from collections.abc import Iterator

from workflows.graph.binding import Action
from workflows.graph.graph import Graph, inputs_of
from workflows.graph.rewire import uses_of
from workflows.spec.parameter import MEDIA, NUMBERS, TEXTS, InputSpec
from workflows.spec.problems import Problems
from workflows.spec.spec import Spec
from workflows.spec.text import Scalar

TEXT_TYPES = frozenset({*TEXTS, *MEDIA, "model"})


def check_switches(spec: Spec, name: str, graph: Graph, problems: Problems) -> None:
    item = spec.inputs[name]
    for path, action in actions_of(name, item):
        check_target(action, path, spec, graph, problems)
        check_set(action, item, path, problems)


def actions_of(name: str, item: InputSpec) -> Iterator[tuple[str, Action]]:
    """Every action of an input, with its path."""
    if item.when_absent:
        yield f"inputs.{name}.when_absent", item.when_absent
    for index, when in enumerate(item.when):
        yield f"inputs.{name}.when.{index}", when
    for index, bind in enumerate(item.bind):
        if bind.when_absent:
            yield f"inputs.{name}.bind.{index}.when_absent", bind.when_absent


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
                message = f"output {slot} of graph node {target} has no input to stand for it"
                problems.add(f"{path}.through", "invalid", message)


def no_such_node(id_: str) -> str:
    return f"the graph has no graph node {id_!r}"


def check_set(action: Action, item: InputSpec, path: str, problems: Problems) -> None:
    """What is put in place of a value is of its kind; a transform may make another of it."""
    is_free = item.is_list or any(bind.transform for bind in item.bind)
    expected = None if action.set is None or is_free else unlike(item, action.set)
    if expected:
        message = f"expected {expected}, as the input is of type {item.type}"
        problems.add(f"{path}.set", "wrong_type", message)


def unlike(item: InputSpec, value: Scalar) -> str | None:
    """What was expected instead, if the value is none of this input's kind."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if item.item_type in TEXT_TYPES:
        return None if isinstance(value, str) else "a text"
    if item.type == "boolean":
        return None if isinstance(value, bool) else "true or false"
    if item.type in (*NUMBERS, "seed"):
        is_whole = is_number and value == int(value)
        wants_whole = item.type != "number"
        return None if is_number and (is_whole or not wants_whole) else "a number"
    return None
