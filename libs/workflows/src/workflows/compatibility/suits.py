"""Whether a spec suits the classes of its graph, whatever a caller sends: `object_info` is judge.

What no server could run is refused; what only some values cannot is a warning, since servers and
their limits come and go. Where no server told of a class, nothing is said about it.
"""

from collections.abc import Iterator
from itertools import islice

from contracts.errors import FieldError
from workflows.compatibility.cases import ALL, WHOLE, cases
from workflows.compatibility.fits import ObjectInfo, misfits
from workflows.compatibility.passing import misplaced
from workflows.compatibility.probing import probe
from workflows.graph.binding import Action
from workflows.graph.graph import Graph, class_of
from workflows.graph.render import render
from workflows.graph.switches import actions_of
from workflows.spec.problems import Problems
from workflows.spec.spec import Spec

MOST_CASES = 100
NEVER = "wrong_type"
STRUCTURAL = frozenset({"missing", "wrong_type", "bad_link"})
"""What no value and no model file can mend."""
NOT_CHECKED = FieldError(
    path="graph",
    code="not_checked",
    message="types and limits were not checked: no server has told of its classes yet",
)


def unsuited(graph: Graph, spec: Spec, object_info: ObjectInfo) -> list[FieldError]:
    """Where the spec makes graphs that such a server refuses, whatever the values are."""
    problems = Problems()
    for found in probe(graph, spec, object_info):
        if found.code == NEVER:
            problems.add(found.path, found.code, found.message)
    for name, item in spec.inputs.items():
        for path, action in actions_of(name, item):
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
    for slot, kind in misplaced(graph, action.bypass, through, object_info):
        message = (
            f"output {slot} of graph node {action.bypass} ({class_}) gives {kind}, "
            f"and {through[slot]} takes something else: expected an input that takes {kind}"
        )
        problems.add(f"{path}.through", NEVER, message)


def broken_cases(
    graph: Graph, spec: Spec, object_info: ObjectInfo
) -> Iterator[tuple[str, FieldError]]:
    """What each switch breaks that was whole; of all at once, what none of them does alone."""
    before: set[tuple[str, str]] = set()
    seen: set[tuple[str, str]] = set()
    for path, inputs in islice(cases(spec), MOST_CASES):
        for error in misfits(render(graph, spec, inputs), object_info):
            place = (error.path, error.code)
            known = seen if path == ALL else before
            if error.code in STRUCTURAL and place not in known:
                seen.add(place)
                if path != WHOLE:
                    yield path, error
        if path == WHOLE:
            before = set(seen)


def cautions(graph: Graph, spec: Spec, object_info: ObjectInfo) -> list[FieldError]:
    """What some values of callers will meet; or that nobody could say."""
    if not object_info:
        return [NOT_CHECKED]
    return [
        FieldError(path=found.path, code=found.code, message=found.message)
        for found in probe(graph, spec, object_info)
        if found.code != NEVER
    ]
