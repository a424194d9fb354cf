"""Checks a graph against a server's `object_info`: classes, inputs, link types, choices, numbers.

It refuses only what ComfyUI refuses (`validate_inputs` in its execution.py). It ignores model and
input files, which come and go while a graph stays unchanged: see `requirements`.
"""

from collections.abc import Mapping
from typing import Any

from contracts.errors import FieldError
from workflows.compatibility.object_info import (
    NUMBER_TYPES,
    DeclaredInput,
    ObjectInfo,
    as_number,
    comes_by_link,
    declared_inputs,
    is_dynamic,
    types_match,
)
from workflows.graph.graph import Graph, Link, as_link, class_of, inputs_of
from workflows.graph.requirements import names_a_file
from workflows.json_values import is_array, is_object
from workflows.problems import Problems
from workflows.spec.spec import Spec


def graph_errors(
    graph: Graph, object_info: ObjectInfo, spec: Spec | None = None
) -> list[FieldError]:
    """Return every reason why the server refuses the graph."""
    problems = Problems()
    for id_, node in graph.items():
        info = object_info.get(class_of(node))
        if info is None:
            hint = spec.requires.hint(class_of(node)) if spec else ""
            message = f"the server has no graph-node class {class_of(node)}{hint}"
            problems.add(f"graph.{id_}.class_type", "missing_class", message)
        else:
            check_node(id_, graph, info, object_info, problems)
    for name, output in spec.outputs.items() if spec else ():
        node = graph.get(output.node)
        info = object_info.get(class_of(node)) if node else None
        if info and not info.get("output_node"):
            message = f"graph node {output.node} writes no files: expected one that does"
            problems.add(f"outputs.{name}.node", "not_an_output", message)
    return problems.errors


def check_node(
    id_: str, graph: Graph, info: Mapping[str, Any], object_info: ObjectInfo, problems: Problems
) -> None:
    class_, inputs = class_of(graph[id_]), inputs_of(graph[id_])
    for declared in declared_inputs(info):
        name = declared.name
        path = f"graph.{id_}.inputs.{name}"
        if name not in inputs:
            if declared.is_required and not is_dynamic(declared.type):
                problems.add(path, "missing", f"{class_} needs this input")
            continue
        if link := as_link(inputs[name]):
            check_link(link, declared, path, graph, object_info, problems)
        elif not names_a_file(class_, name):
            check_literal(inputs[name], declared, path, object_info, problems)


def check_link(
    link: Link,
    declared: DeclaredInput,
    path: str,
    graph: Graph,
    object_info: ObjectInfo,
    problems: Problems,
) -> None:
    source, slot = link
    info = object_info.get(class_of(graph[source])) if source in graph else None
    if info is None:
        return  # reported at that graph node
    outputs: list[Any] = info.get("output") or []
    if not 0 <= slot < len(outputs):
        message = f"links to output {slot}, but {class_of(graph[source])} has {len(outputs)}"
        problems.add(path, "bad_link", message)
    elif not types_match(outputs[slot], declared.type):
        message = f"expected {declared.type}, the link gives {outputs[slot]}"
        problems.add(path, "wrong_type", message)


def check_literal(
    value: Any, declared: DeclaredInput, path: str, object_info: ObjectInfo, problems: Problems
) -> None:
    if is_object(value):
        return  # ComfyUI accepts a wrapped value unchecked
    if declared.is_choice:
        check_choice(value, declared.choices, path, problems)
    elif declared.type in NUMBER_TYPES:
        number, (low, high) = as_number(value), declared.limits
        if number is None or number < low or number > high:
            problems.add(path, "out_of_range", f"expected {declared.expected_number}")
    elif isinstance(value, str) and comes_by_link(declared, object_info):
        problems.add(path, "wrong_type", f"expected a link that gives {declared.type}")


def check_choice(value: Any, choices: list[Any], path: str, problems: Problems) -> None:
    """Check each item of a list, as ComfyUI does where several may be chosen."""
    chosen: list[Any] = value if is_array(value) else [value]
    for one in chosen if choices else ():
        if one not in choices:
            problems.add(path, "not_a_choice", f"the server does not offer {one!r}")
