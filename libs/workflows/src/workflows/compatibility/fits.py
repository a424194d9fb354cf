"""Whether a graph fits a ComfyUI server's `object_info`: classes, inputs, link types, choices.

Says no only where ComfyUI does (`validate_inputs` in its execution.py). Model and input files
are left to `needs`: they come and go while a graph stays as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from contracts.errors import FieldError
from workflows.graph.graph import Graph, Link, as_link, class_of, inputs_of
from workflows.graph.needs import FILE_INPUTS, MODEL_INPUTS
from workflows.spec.places import is_array, is_object
from workflows.spec.problems import Problems
from workflows.spec.spec import Spec

ObjectInfo: TypeAlias = Mapping[str, Mapping[str, Any]]
ANY = "*"
DYNAMIC = "COMFY_"
"""Begins the types whose real inputs depend on the graph: `images` becomes `images.image0`."""
NUMBER_KINDS = ("INT", "FLOAT")
WIDGET_KINDS = ("STRING", "BOOLEAN")


def misfits(graph: Graph, object_info: ObjectInfo, spec: Spec | None = None) -> list[FieldError]:
    """All that keeps the graph from running on a server that says this about itself."""
    problems = Problems()
    for id_, node in graph.items():
        info = object_info.get(class_of(node))
        if info is None:
            hint = spec.requires.hint(class_of(node)) if spec else ""
            message = f"the server has no graph node class {class_of(node)}{hint}"
            problems.add(f"graph.{id_}.class_type", "missing_class", message)
        else:
            check_node(id_, graph, info, object_info, problems)
    for name, output in spec.outputs.items() if spec else ():
        node = graph.get(output.node)
        info = object_info.get(class_of(node)) if node else None
        if info and not info.get("output_node"):
            message = f"graph node {output.node} writes no files"
            problems.add(f"outputs.{name}.node", "not_an_output", message)
    return problems.errors


def check_node(
    id_: str, graph: Graph, info: Mapping[str, Any], all_info: ObjectInfo, problems: Problems
) -> None:
    node = graph[id_]
    inputs = inputs_of(node)
    for name, is_required, declared in declared_inputs(info):
        path = f"graph.{id_}.inputs.{name}"
        if name not in inputs:
            if is_required and not is_dynamic(declared[0]):
                problems.add(path, "missing", f"{class_of(node)} needs this input")
            continue
        link = as_link(inputs[name])
        if link:
            check_link(link, declared, path, graph, all_info, problems)
        elif not names_a_file(class_of(node), name):
            check_literal(inputs[name], declared, path, all_info, problems)


def names_a_file(class_: str, input_name: str) -> bool:
    return input_name in MODEL_INPUTS.get(class_, {}) or input_name == FILE_INPUTS.get(class_)


def declared_inputs(info: Mapping[str, Any]) -> Iterator[tuple[str, bool, list[Any]]]:
    """(name, is required, [type or choices, options]) as `object_info` has them."""
    for section in ("required", "optional"):
        entries: Mapping[str, list[Any]] = info.get("input", {}).get(section) or {}
        for name, declared in entries.items():
            yield name, section == "required", declared


def check_link(
    link: Link,
    declared: list[Any],
    path: str,
    graph: Graph,
    all_info: ObjectInfo,
    problems: Problems,
) -> None:
    source, slot = link
    info = all_info.get(class_of(graph[source])) if source in graph else None
    if info is None:
        return  # said at that graph node
    outputs: list[Any] = info.get("output") or []
    if not 0 <= slot < len(outputs):
        message = f"{class_of(graph[source])} has {len(outputs)} outputs"
        problems.add(path, "bad_link", message)
    elif not types_match(outputs[slot], declared[0]):
        message = f"expected {declared[0]}, the link gives {outputs[slot]}"
        problems.add(path, "wrong_type", message)


def types_match(given: Any, wanted: Any) -> bool:
    if not isinstance(given, str) or not isinstance(wanted, str):
        return True  # lists of choices are compared by ComfyUI itself
    offered, accepted = set(given.split(",")), set(wanted.split(","))
    dynamic = any(is_dynamic(name) for name in accepted | offered)
    return dynamic or ANY in offered | accepted or bool(offered & accepted)


def is_dynamic(kind: Any) -> bool:
    return isinstance(kind, str) and kind.startswith(DYNAMIC)


def check_literal(
    value: Any, declared: list[Any], path: str, all_info: ObjectInfo, problems: Problems
) -> None:
    if is_object(value):
        return  # ComfyUI takes what is wrapped as it is
    kind: Any = declared[0]
    options: dict[str, Any] = declared[1] if len(declared) > 1 else {}
    if kind == "COMBO" or is_array(kind):
        check_choice(value, kind if is_array(kind) else options.get("options"), path, problems)
    elif kind in NUMBER_KINDS:
        if not is_within(value, options):
            low, high = options.get("min"), options.get("max")
            problems.add(path, "out_of_range", f"expected a number from {low} to {high}")
    elif isinstance(value, str) and comes_by_link(kind, options, all_info):
        problems.add(path, "wrong_type", f"expected a link that gives {kind}")


def check_choice(value: Any, choices: Any, path: str, problems: Problems) -> None:
    """Of a list ComfyUI looks at each item, where several may be chosen."""
    if not is_array(choices) or not choices:
        return  # made up on the way, or read from elsewhere
    chosen: list[Any] = value if is_array(value) else [value]
    for one in chosen:
        if one not in choices:
            problems.add(path, "not_a_choice", f"the server does not offer {one!r}")


def comes_by_link(kind: Any, options: Mapping[str, Any], all_info: ObjectInfo) -> bool:
    """Not typed in by a person, as are the widgets that custom nodes bring (COLORCODE)."""
    if kind in WIDGET_KINDS or "default" in options:
        return False
    return any(kind in (info.get("output") or []) for info in all_info.values())


def is_within(value: Any, options: Mapping[str, Any]) -> bool:
    """ComfyUI makes a number of what it is given before it looks at the limits."""
    try:
        number = value if isinstance(value, int) else float(value)  # 2**64 - 1 is no float
    except (TypeError, ValueError, OverflowError):
        return False
    low, high = options.get("min"), options.get("max")
    return not (
        (isinstance(low, int | float) and number < low)
        or (isinstance(high, int | float) and number > high)
    )
