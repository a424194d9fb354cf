"""Decides whether a spec is incompatible with its classes: wrong for every value of a caller.

A spec that no server can run is refused. Mismatches of only some values are warnings, because
servers and their limits come and go. Classes that no server has reported are not judged.
"""

from collections.abc import Iterator
from itertools import islice

from contracts.errors import FieldError
from workflows.compatibility.bind_check import bind_errors
from workflows.compatibility.bypass import mismatches
from workflows.compatibility.graph_check import graph_errors
from workflows.compatibility.object_info import ObjectInfo, declared_inputs, is_custom
from workflows.compatibility.switch_cases import ALL, WHOLE, switch_cases
from workflows.graph.graph import Graph, class_of, inputs_of
from workflows.graph.seal import PREFIX_INPUT, prefix_inputs
from workflows.inputs.render import render
from workflows.problems import Problems
from workflows.spec.binding import Action
from workflows.spec.spec import Spec

MOST_CASES = 100
NEVER = "wrong_type"
STRUCTURAL = frozenset({"missing", "wrong_type", "bad_link"})
"""Codes of errors that no other value and no model file can remove."""
NOT_CHECKED = FieldError(
    path="graph",
    code="not_checked",
    message="types and limits were not checked, because no server has reported its classes yet",
)


def incompatible(graph: Graph, spec: Spec, object_info: ObjectInfo) -> list[FieldError]:
    """Return every place where the spec makes graphs that such a server always refuses."""
    problems = Problems()
    for error in bind_errors(graph, spec, object_info):
        if error.code == NEVER:
            problems.add(error.path, error.code, error.message)
    for name, item in spec.inputs.items():
        for path, action in item.actions(name):
            check_bypass(action, path, graph, object_info, problems)
    if not problems.errors:
        for path, error in broken_cases(graph, spec, object_info):
            problems.add(path, error.code, f"then {error.path}: {error.message}")
    return problems.errors


def check_bypass(
    action: Action, path: str, graph: Graph, object_info: ObjectInfo, problems: Problems
) -> None:
    if action.bypass is None:
        return
    through, class_ = action.through or [], class_of(graph[action.bypass])
    for slot, type_ in mismatches(graph, action.bypass, through, object_info):
        message = (
            f"output {slot} of graph node {action.bypass} ({class_}) gives {type_}, "
            f"but {through[slot]} takes another type: expected an input that takes {type_}"
        )
        problems.add(f"{path}.through", NEVER, message)


def broken_cases(
    graph: Graph, spec: Spec, object_info: ObjectInfo
) -> Iterator[tuple[str, FieldError]]:
    """Yield the errors that each switch adds to the whole graph, then those of all together."""
    before: set[tuple[str, str]] = set()
    seen: set[tuple[str, str]] = set()
    for path, inputs in islice(switch_cases(spec), MOST_CASES):
        for error in graph_errors(render(graph, spec, inputs), object_info):
            place = (error.path, error.code)
            known = seen if path == ALL else before
            if error.code in STRUCTURAL and place not in known:
                seen.add(place)
                if path != WHOLE:
                    yield path, error
        if path == WHOLE:
            before = set(seen)


def compatibility_warnings(graph: Graph, spec: Spec, object_info: ObjectInfo) -> list[FieldError]:
    """Return the errors that only some values cause, or a note that nothing could be checked.

    A graph that these classes refuse as it is belongs here too: another release may take it.
    """
    if not object_info:
        return [NOT_CHECKED]
    found = [error for error in bind_errors(graph, spec, object_info) if error.code != NEVER]
    refused = refused_places(graph, spec, object_info)
    return [*refused, *found, *doubtful_outputs(graph, spec, object_info)]


def refused_places(graph: Graph, spec: Spec, object_info: ObjectInfo) -> Iterator[FieldError]:
    """Yield the places of the whole graph that no value of a caller makes acceptable."""
    _, inputs = next(switch_cases(spec))
    for error in graph_errors(render(graph, spec, inputs), object_info):
        if error.code in STRUCTURAL:
            yield error


def doubtful_outputs(graph: Graph, spec: Spec, object_info: ObjectInfo) -> Iterator[FieldError]:
    """Yield outputs whose graph nodes may make nothing that the fleet can keep."""
    for name, output in spec.outputs.items():
        node = graph[output.node]
        class_, info = class_of(node), object_info.get(class_of(node))
        if info is None or not is_custom(info):
            continue
        names = {declared.name for declared in declared_inputs(info)} | inputs_of(node).keys()
        if info.get("output_node") and not prefix_inputs(class_, dict.fromkeys(names)):
            message = (
                f"{class_} has no input {PREFIX_INPUT}, so it chooses itself where its files lie: "
                "only files that it reports to ComfyUI are kept, and no others can be found"
            )
            yield FieldError(path=f"outputs.{name}.node", code="own_path", message=message)
