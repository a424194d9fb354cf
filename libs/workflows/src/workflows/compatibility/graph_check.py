"""Checks a graph against a server's `object_info`: classes, inputs, link types, choices, numbers.

It refuses only what ComfyUI refuses (`validate_inputs` in its execution.py), and doubts what a
custom node may accept by its own check. It ignores model and input files, which come and go while
a graph stays unchanged: see `requirements`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.errors import FieldError
from workflows.compatibility.object_info import (
    NUMBER_TYPES,
    TAKES_ANY_VALUE,
    DeclaredInput,
    ObjectInfo,
    as_number,
    comes_by_link,
    declared_inputs,
    is_custom,
    is_dynamic,
    types_match,
)
from workflows.file_names import with_slashes
from workflows.graph.graph import Graph, Link, as_link, class_of, inputs_of
from workflows.graph.requirements import MODEL_FILE, names_a_file
from workflows.json_values import is_array, is_object
from workflows.problems import Problems
from workflows.spec.spec import Spec


def graph_errors(
    graph: Graph, object_info: ObjectInfo, spec: Spec | None = None
) -> list[FieldError]:
    """Return every reason why the server refuses the graph."""
    check = GraphCheck(graph, object_info)
    for id_, node in graph.items():
        info = object_info.get(class_of(node))
        if info is None:
            hint = spec.requires.hint(class_of(node)) if spec else ""
            message = f"the server has no graph-node class {class_of(node)}{hint}"
            check.problems.add(f"graph.{id_}.class_type", "missing_class", message)
        else:
            check.node(id_, info)
    for name, output in spec.outputs.items() if spec else ():
        node = graph.get(output.node)
        info = object_info.get(class_of(node)) if node else None
        if info and not info.get("output_node"):
            message = f"graph node {output.node} writes no files: expected one that does"
            check.problems.add(f"outputs.{name}.node", "not_an_output", message)
    return check.problems.errors


def graph_doubts(graph: Graph, object_info: ObjectInfo) -> list[FieldError]:
    """Return the values that a custom node of this server may refuse; only a trial tells."""
    check = GraphCheck(graph, object_info)
    for id_, node in graph.items():
        if info := object_info.get(class_of(node)):
            check.node(id_, info)
    return check.doubts.errors


@dataclass(slots=True)
class GraphCheck:
    """Checks graph nodes of one graph against one server."""

    graph: Graph
    object_info: ObjectInfo
    problems: Problems = field(default_factory=Problems)
    doubts: Problems = field(default_factory=Problems)

    def node(self, id_: str, info: Mapping[str, Any]) -> None:
        class_, inputs = class_of(self.graph[id_]), inputs_of(self.graph[id_])
        is_own = not is_custom(info)
        for declared in declared_inputs(info):
            name = declared.name
            path = f"graph.{id_}.inputs.{name}"
            if name not in inputs:
                if declared.is_required and not is_dynamic(declared.type):
                    self.problems.add(path, "missing", f"{class_} needs this input")
            elif link := as_link(inputs[name]):
                self.link(link, declared, path)
            elif not names_a_file(class_, name):
                is_sure = is_own and (class_, name) not in TAKES_ANY_VALUE
                self.literal(inputs[name], declared, path, is_sure=is_sure)

    def link(self, link: Link, declared: DeclaredInput, path: str) -> None:
        source, slot = link
        class_ = class_of(self.graph[source]) if source in self.graph else ""
        info = self.object_info.get(class_)
        if info is None:
            return  # reported at that graph node
        outputs: list[Any] = info.get("output") or []
        if slot >= len(outputs) and is_custom(info):
            return  # such a class may have more outputs than it lists
        if not 0 <= slot < len(outputs):
            message = f"links to output {slot}, but {class_} has {len(outputs)} outputs"
            self.problems.add(path, "bad_link", message)
        elif not types_match(outputs[slot], declared.type):
            message = f"expected {declared.type}, the link gives {outputs[slot]}"
            self.problems.add(path, "wrong_type", message)

    def literal(self, value: Any, declared: DeclaredInput, path: str, *, is_sure: bool) -> None:
        if is_object(value):
            return  # ComfyUI accepts a wrapped value unchecked
        if declared.is_choice:
            self.choice(value, declared.choices, path, is_sure=is_sure)
        elif declared.type in NUMBER_TYPES:
            number, (low, high) = as_number(value), declared.limits
            if number is None or number < low or number > high:
                found = self.problems if is_sure or number is None else self.doubts
                found.add(path, "out_of_range", f"expected {declared.expected_number}")
        elif value is None and not declared.is_required:
            return
        elif isinstance(value, str | None) and comes_by_link(declared, self.object_info):
            self.problems.add(path, "wrong_type", f"expected a link that gives {declared.type}")

    def choice(self, value: Any, choices: list[Any], path: str, *, is_sure: bool) -> None:
        """Check each item of a list, as ComfyUI does where several may be chosen."""
        chosen: list[Any] = value if is_array(value) else [value]
        offered = {with_slashes(choice) for choice in choices if isinstance(choice, str)}
        for one in chosen if choices else ():
            is_text = isinstance(one, str)
            if one in choices or (is_text and with_slashes(one) in offered):
                continue
            is_file = is_text and MODEL_FILE.search(one)
            found = self.problems if is_sure or is_file else self.doubts
            found.add(path, "not_a_choice", f"the server does not offer {one!r}")
