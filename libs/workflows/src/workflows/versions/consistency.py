"""Checks a graph, and a spec against its graph: the rules that the models cannot express."""

import re
from collections.abc import Mapping
from typing import Any

from contracts.errors import InvalidError
from workflows.graph.graph import Graph, class_of, dangling_links, find_cycle, inputs_of
from workflows.json_values import is_reachable
from workflows.problems import Problems
from workflows.spec.binding import Bind
from workflows.spec.checks import LONGEST_SEARCHED, matcher
from workflows.spec.field_types import scalar_key
from workflows.spec.parameter import NUMBERS, InputSpec
from workflows.spec.spec import KEY, OutputKind, OutputSpec, Spec
from workflows.versions.switches import check_switches, no_such_node

KINDS_OF: Mapping[str, tuple[OutputKind, ...]] = {
    **dict.fromkeys(("SaveImage", "PreviewImage", "MaskPreview"), ("image",)),
    **dict.fromkeys(("SaveAnimatedPNG", "SaveAnimatedWEBP"), ("image", "video")),
    **dict.fromkeys(("SaveVideo", "SaveWEBM"), ("video",)),
    **dict.fromkeys(("SaveAudio", "SaveAudioMP3", "SaveAudioOpus", "PreviewAudio"), ("audio",)),
    "PreviewAny": ("text",),
    "SaveGLB": ("3d",),
}
"""Kinds of files that ComfyUI's own classes write; other classes may write anything."""


def check_graph(graph: dict[str, Any], problems: Problems) -> bool:
    """Tell whether this is a graph in API format that can run at all; add its problems."""
    before = len(problems.errors)
    if not graph:
        problems.add("graph", "empty", "expected at least one graph node")
    if isinstance(graph.get("nodes"), list):
        message = (
            "this is ComfyUI's save format, and no server has reported its classes yet, which the "
            "conversion needs; export the workflow with `Export (API)` in ComfyUI"
        )
        problems.add("graph", "save_format", message)
        return False
    for id_, node in graph.items():
        check_node(id_, node, problems)
    if len(problems.errors) > before:
        return False
    for id_, name, missing in dangling_links(graph):
        path = f"graph.{id_}.inputs.{name}"
        problems.add(path, "dangling_link", f"links to graph node {missing}, which does not exist")
    if cycle := find_cycle(graph):
        problems.add("graph", "cycle", f"graph nodes form a cycle: {' → '.join(cycle)}")
    return len(problems.errors) == before


def check_node(id_: str, node: Any, problems: Problems) -> None:
    match node:
        case {"class_type": str(class_), "inputs": dict()} if class_:
            return
        case _:
            message = "expected a graph node in API format: {class_type, inputs}"
            problems.add(f"graph.{id_}"[:200], "not_a_graph_node", message)


def check_spec(spec: Spec, graph: Graph, problems: Problems) -> None:
    """Check that everything the spec names exists in the graph, once, and has the right type."""
    if not check_patterns(spec, problems):
        return  # no value can be checked against a broken pattern
    for name, item in spec.inputs.items():
        check_name(f"inputs.{name}", name, problems)
        check_values(spec, name, item, problems)
        check_switches(spec, name, graph, problems)
    check_binds(spec, graph, problems)
    for name, value in spec.example.items():
        if name in spec.inputs:
            check_value(spec, name, value, f"example.{name}", problems)
        else:
            problems.add(f"example.{name}", "unknown", "expected the name of an input")
    for name, output in spec.outputs.items():
        check_name(f"outputs.{name}", name, problems)
        check_output(output, f"outputs.{name}", graph, problems)


def check_patterns(spec: Spec, problems: Problems) -> bool:
    before = len(problems.errors)
    for name, item in spec.inputs.items():
        path = f"inputs.{name}"
        if item.pattern is None:
            continue
        if (item.max_length or 0) > LONGEST_SEARCHED:
            message = f"expected at most {LONGEST_SEARCHED} for a text with a pattern"
            problems.add(f"{path}.max_length", "too_big", message)
        try:
            matcher(item.pattern)
        except InvalidError as error:
            problems.add(f"{path}.pattern", error.code, error.message)
    return len(problems.errors) == before


def check_name(path: str, name: str, problems: Problems) -> None:
    """Check a name of an input or output, which callers write in programs and addresses."""
    if not re.fullmatch(KEY, name):
        problems.add(path[:100], "bad_name", "expected a name of letters, digits and underscores")


def check_output(output: OutputSpec, path: str, graph: Graph, problems: Problems) -> None:
    if output.node not in graph:
        problems.add(f"{path}.node", "unknown", no_such_node(output.node))
        return
    class_ = class_of(graph[output.node])
    kinds = KINDS_OF.get(class_, (output.kind,))
    if output.kind not in (*kinds, "file"):
        message = f"expected {' or '.join(kinds)}, because {class_} writes that"
        problems.add(f"{path}.kind", "invalid", message)


def check_binds(spec: Spec, graph: Graph, problems: Problems) -> None:
    taken: dict[tuple[str, str, str | None], str] = {}
    for name, item in spec.inputs.items():
        check_spread(item, f"inputs.{name}", problems)
        for index, bind in enumerate(item.bind):
            path = f"inputs.{name}.bind.{index}"
            check_bind(bind, path, graph, problems)
            check_transform(item, bind, path, problems)
            other = taken.setdefault((bind.node, bind.input, bind.path), path)
            if other != path:
                problems.add(path, "bound_twice", f"{other} already binds this place")


def check_values(spec: Spec, name: str, item: InputSpec, problems: Problems) -> None:
    """Check the values that one input states, and its reference to another input."""
    path = f"inputs.{name}"
    if item.type == "seed" and (item.minimum or 0) < 0:
        problems.add(f"{path}.minimum", "too_small", "expected at least 0 for a seed")
    if not item.bind and not item.when and not item.when_absent:
        message = "the input has no effect: expected `bind`, `when` or `when_absent`"
        problems.add(path, "no_effect", message)
    if item.default is not None:
        if item.required:
            message = "a required input cannot have a default: remove `default` or `required`"
            problems.add(f"{path}.default", "invalid", message)
        check_value(spec, name, item.default, f"{path}.default", problems)
    for index, when in enumerate(item.when if not item.is_list else ()):
        check_value(spec, name, when.value, f"{path}.when.{index}.value", problems)
    if item.of is not None and (item.of not in spec.inputs or spec.inputs[item.of].type != "image"):
        problems.add(f"{path}.of", "unknown", "expected the name of an image input")


def check_value(spec: Spec, name: str, value: Any, path: str, problems: Problems) -> None:
    """Check a value that the spec itself states."""
    item = spec.inputs[name]
    is_drawn = item.type == "seed" and value == "random"
    if not is_drawn and not item.is_absent(value):
        spec.checks[name](value, path, problems)


def check_bind(bind: Bind, path: str, graph: Graph, problems: Problems) -> None:
    if bind.node not in graph:
        problems.add(f"{path}.node", "unknown", no_such_node(bind.node))
        return
    inputs = inputs_of(graph[bind.node])
    if bind.input not in inputs:
        message = f"graph node {bind.node} has the inputs: {', '.join(inputs) or 'none'}"
        problems.add(f"{path}.input", "unknown", message)
    elif bind.path and not is_reachable(inputs[bind.input], bind.path):
        message = "expected a path that exists in the input's value"
        problems.add(f"{path}.path", "unknown", message)


def check_spread(item: InputSpec, path: str, problems: Problems) -> None:
    """Check that each file of a list has a place, and each place a file or `when_absent`."""
    if not item.is_spread or not item.bind:
        return
    if (item.max_items or 0) > len(item.bind):
        message = f"expected at most {len(item.bind)}, because each file needs a place in `bind`"
        problems.add(f"{path}.max_items", "too_big", message)
    needed = [index for index, bind in enumerate(item.bind, start=1) if not bind.when_absent]
    if needed and (item.min_items or 0) < needed[-1]:
        message = f"expected at least {needed[-1]}, or `when_absent` in `bind.{needed[-1] - 1}`"
        problems.add(f"{path}.min_items", "too_small", message)


def check_transform(item: InputSpec, bind: Bind, path: str, problems: Problems) -> None:
    change = bind.transform
    if change is None:
        return
    applies = {
        "scale": item.item_type in NUMBERS,
        "negate": item.type == "boolean",
        "template": not item.is_media,
        "map": item.item_type in ("boolean", "choice", "string", "integer"),
    }
    for key, is_allowed in applies.items():
        if getattr(change, key) is not None and not is_allowed:
            message = f"{key} does not apply to type {item.type}"
            problems.add(f"{path}.transform.{key}", "invalid", message)
    if change.map is not None:
        unmapped = [key for key in keys_of(item) if key not in change.map]
        if unmapped:
            message = f"expected an entry for {', '.join(unmapped)}"
            problems.add(f"{path}.transform.map", "incomplete", message)


def keys_of(item: InputSpec) -> list[str]:
    """Return every value that a closed type can take, as keys of `map`."""
    if item.item_type == "boolean":
        return ["true", "false"]
    return [scalar_key(choice.value) for choice in item.choices or []]
