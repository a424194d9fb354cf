"""Drafts a spec for a bare graph, with the inputs that a person most likely wants to set.

It follows the graph's links to prompts, pictures, size, seed, steps, model and LoRA. The draft
passes every check; its author removes inputs that are too many.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from contracts.errors import InvalidError
from workflows.authoring.draft_input import DraftInput
from workflows.authoring.suggestions import suggestions
from workflows.compatibility.object_info import ObjectInfo
from workflows.graph.graph import Graph, class_of, inputs_of, links_of
from workflows.spec.spec import FORMAT
from workflows.versions.version import load_version

PREVIEWS = frozenset({"PreviewImage", "PreviewAudio", "Preview3D", "PreviewAny", "MaskPreview"})
KINDS = (
    ("3d", ("glb", "3d", "mesh")),
    ("video", ("video", "webm", "animated")),
    ("audio", ("audio",)),
    ("text", ("text", "string", "previewany")),
)
CATEGORIES = frozenset({"image", "video", "audio", "3d"})
Check: TypeAlias = Callable[[dict[str, Any], dict[str, Any]], object]
"""Takes a spec and its graph."""


def propose(
    graph: Graph,
    name: str,
    object_info: ObjectInfo | None = None,
    check: Check | None = None,
) -> dict[str, Any]:
    """Return the draft as the content of a spec file; raise Invalid if the graph writes no file.

    `object_info` adds exact ranges, choices, and which graph nodes write files. `check` judges
    drafts as an upload is judged, and raises Invalid as well.
    """
    info: ObjectInfo = object_info or {}
    outputs = file_outputs(graph, info)
    inputs, examples = named(suggestions(graph, info))
    kind = next(iter(outputs.values()))["kind"]
    spec: dict[str, Any] = {
        "spec": FORMAT,
        "name": name,
        "title": name.replace("_", " ").replace("-", " ").capitalize(),
        "category": kind if kind in CATEGORIES else "utility",
        "inputs": inputs,
        "outputs": outputs,
        "example": examples,
    }
    return passing(spec, dict(graph), check or partial(load_version, object_info=info))


def named(found: Iterable[DraftInput]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs and examples, each under a name of its own: `steps`, `steps_2`."""
    inputs: dict[str, Any] = {}
    examples: dict[str, Any] = {}
    for draft in found:
        name, number = draft.name, 2
        while name in inputs:
            name, number = f"{draft.name}_{number}", number + 1
        inputs[name] = draft.input
        if draft.example not in (None, ""):
            examples[name] = draft.example
    return inputs, examples


def passing(spec: dict[str, Any], graph: dict[str, Any], check: Check) -> dict[str, Any]:
    """Drop the inputs that fail the check, such as values outside every usual range, or code."""
    while True:
        try:
            check(spec, graph)
        except InvalidError as error:
            wrong = wrong_inputs(spec, [found.path for found in error.errors])
            if not wrong:
                raise
            spec = without(spec, wrong)
        else:
            return spec


def wrong_inputs(spec: dict[str, Any], paths: list[str]) -> set[str]:
    """Return the draft's inputs that the errors name; all optional ones if they fail together."""
    if "inputs" in paths:
        return {name for name, item in spec["inputs"].items() if "when_absent" in item}
    steps = [path.split(".") for path in paths]
    named = {step[1] for step in steps if step[0] in ("inputs", "example") and step[1:]}
    return named & spec["inputs"].keys()


def without(spec: dict[str, Any], wrong: set[str]) -> dict[str, Any]:
    kept = {
        name: item
        for name, item in spec["inputs"].items()
        if name not in wrong and item.get("of") not in wrong
    }
    example = {name: value for name, value in spec["example"].items() if name in kept}
    return {**spec, "inputs": kept, "example": example}


def file_outputs(graph: Graph, info: ObjectInfo) -> dict[str, dict[str, Any]]:
    """Return the outputs of a graph; raise Invalid if it writes no file."""
    if outputs := dict(proposed_outputs(graph, info)):
        return outputs
    message = "No graph node of this graph writes files; add one, such as SaveImage"
    raise InvalidError(message, code="no_output")


def proposed_outputs(graph: Graph, info: ObjectInfo) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the graph nodes that save files, or if there is none, those that preview."""
    consumed = {link[0] for node in graph.values() for _, link in links_of(node)}
    writers = [id_ for id_, node in graph.items() if writes(id_, node, info, consumed)]
    savers = [id_ for id_ in writers if class_of(graph[id_]) not in PREVIEWS] or writers
    count: dict[str, int] = {}
    for id_ in savers[:50]:
        kind = kind_of(class_of(graph[id_]))
        count[kind] = count.get(kind, 0) + 1
        base = {"image": "images", "video": "video", "3d": "model"}.get(kind, kind)
        number = count[kind]
        yield base if number == 1 else f"{base}_{number}", {"node": id_, "kind": kind}


def writes(id_: str, node: Mapping[str, Any], info: ObjectInfo, consumed: set[str]) -> bool:
    known = info.get(class_of(node))
    if known is not None:
        return bool(known.get("output_node"))
    class_ = class_of(node)
    is_saver = class_.startswith(("Save", "Preview")) or class_ == "VHS_VideoCombine"
    return id_ not in consumed and (is_saver or "filename_prefix" in inputs_of(node))


def kind_of(class_: str) -> str:
    lower = class_.lower()
    kinds = (kind for kind, words in KINDS if any(word in lower for word in words))
    return next(kinds, "image")
