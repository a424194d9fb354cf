"""Manifests of another kind become specs: one file defines parameters, another lists workflows.

    # base.yaml: parameter by parameter       # workflows.yaml: workflow by workflow
    steps: {type: integer, default: 20,       my_portrait:
            target: {class_type: KSampler,      workflow_file: my_portrait.json
                     input: steps}}             parameters: [steps]
                                                overrides: {steps: {default: 30}}

A target is found in the graph by title or class and becomes a `bind`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.authoring.propose import proposed_outputs
from workflows.graph.graph import Graph, class_of, inputs_of
from workflows.graph.needs import FILE_INPUTS, MODEL_INPUTS
from workflows.graph.rewire import is_bypassable
from workflows.spec.places import is_array, is_object
from workflows.spec.problems import Problems
from workflows.spec.spec import FORMAT

TYPES: Mapping[str, str] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "enum": "choice",
    "select": "choice",
}
LONG_TEXTS = ("text", "prompt", "text_g", "text_l", "clip_l", "t5xxl")
SEEDS = ("seed", "noise_seed")
LOADED = {"LoadVideo": "video", "VHS_LoadVideo": "video", "LoadAudio": "audio"}
OWN_KEYS = {"target", "targets", "type", "description", "label"}
RENAMED = {"min": "minimum", "max": "maximum", "enum": "choices", "options": "choices"}
KEYS = {"workflow_file", "title", "description", "category", "parameters", "overrides", "outputs"}
NOT_VALID = "The manifest is not valid"


def graph_file(entry: Any, name: str) -> str:
    """The file that holds the graph of one workflow."""
    named = entry.get("workflow_file") if is_object(entry) else None
    return str(named or f"{name}.json")


def spec_of(name: str, entry: Any, base: Mapping[str, Any], graph: Graph) -> dict[str, Any]:
    """The spec that one workflow of a manifest stands for; Invalid lists what is wrong."""
    problems = Problems()
    if not is_object(entry):
        problems.add(name, "invalid", "expected a mapping: workflow_file, parameters, …")
        raise problems.as_error(NOT_VALID, code="invalid_manifest")
    for key in entry.keys() - KEYS:
        problems.add(f"{name}.{key}"[:200], "unknown", "unknown key")
    spec: dict[str, Any] = {
        "spec": FORMAT,
        "name": name,
        "title": entry.get("title") or name.replace("_", " ").capitalize(),
        "inputs": dict(inputs(name, entry, base, graph, problems)),
        "outputs": entry.get("outputs") or dict(proposed_outputs(graph, {})),
    }
    spec |= {key: entry[key] for key in ("category", "description") if key in entry}
    problems.raise_if_any(NOT_VALID, code="invalid_manifest")
    return spec


def inputs(
    name: str, entry: dict[str, Any], base: Mapping[str, Any], graph: Graph, problems: Problems
) -> Iterator[tuple[str, dict[str, Any]]]:
    wanted: Any = entry.get("parameters", [])
    overrides: Any = entry.get("overrides", {})
    if not is_array(wanted) or not is_object(overrides):
        problems.add(f"{name}.parameters", "invalid", "expected a list, and `overrides` a mapping")
        return
    for key in overrides.keys() - {str(item) for item in wanted}:
        problems.add(f"{name}.overrides.{key}"[:200], "unknown", "not among the parameters")
    for parameter in map(str, wanted):
        path, own = f"{name}.parameters.{parameter}"[:200], overrides.get(parameter, {})
        definition = base.get(parameter)
        if not is_object(definition) or not is_object(own):
            problems.add(path, "unknown", "not defined in the base file")
            continue
        item = input_of({**definition, **own}, path, graph, problems)
        if item:
            yield parameter, item


def input_of(
    defined: dict[str, Any], path: str, graph: Graph, problems: Problems
) -> dict[str, Any] | None:
    """One parameter as an input, bound to every graph node that its target means."""
    targets: Any = defined.get("targets") or [defined.get("target")]
    places = [place for target in targets for place in places_of(target, graph)]
    if not places:
        problems.add(path, "no_target", f"no graph node fits {targets}"[:200])
        return None
    item: dict[str, Any] = {
        RENAMED.get(key, key): value for key, value in defined.items() if key not in OWN_KEYS
    }
    item |= {"bind": [{"node": id_, "input": name} for id_, name in places]}
    item |= typed(str(defined.get("type", "string")), item, *places[0], graph)
    for theirs, ours in (("label", "title"), ("description", "help")):
        if isinstance(defined.get(theirs), str):
            item.setdefault(ours, defined[theirs])
    if item.get("absent_values") and "when_absent" not in item and item["type"] != "seed":
        item |= spared(item["bind"], path, graph, problems)
    if item.get("required"):
        item.pop("default", None)
    return item


def places_of(target: Any, graph: Graph) -> Iterator[tuple[str, str]]:
    """Every graph node of that title, class or id which has that input."""
    if not is_object(target) or not isinstance(target.get("input"), str):
        return
    name: str = target["input"]
    for id_, node in graph.items():
        meta: Any = node.get("_meta")
        about = {
            "title": meta.get("title") if is_object(meta) else None,
            "class_type": class_of(node),
            "node": id_,
        }
        asked = target.keys() - {"input"}
        is_meant = bool(asked) and all(about.get(key) == str(target[key]) for key in asked)
        if is_meant and name in inputs_of(node):
            yield id_, name


def typed(kind: str, item: Mapping[str, Any], id_: str, name: str, graph: Graph) -> dict[str, Any]:
    """Our type for theirs: what the input is for says more than `string` and `integer`."""
    class_, ours = class_of(graph[id_]), TYPES.get(kind, kind)
    folder = MODEL_INPUTS.get(class_, {}).get(name)
    if folder and ours in ("string", "choice") and "choices" not in item:
        return {"type": "model", "folder": folder}
    if FILE_INPUTS.get(class_) == name and ours == "string":
        return {"type": LOADED.get(class_, "image")}
    if name in SEEDS and ours == "integer":
        default = item.get("default")
        is_drawn = default is None or (isinstance(default, int) and default < 0)
        return {"type": "seed", "default": "random" if is_drawn else default}
    if "choices" in item and ours in ("string", "choice"):
        return {"type": "choice"}
    return {"type": "text" if ours == "string" and name in LONG_TEXTS else ours}


def spared(
    places: list[dict[str, Any]], path: str, graph: Graph, problems: Problems
) -> dict[str, Any]:
    """A value that means absent takes each graph node out; none if none can do without."""
    nodes = dict.fromkeys(place["node"] for place in places)
    needed = [id_ for id_ in nodes if not is_bypassable(graph, id_)]
    if len(needed) == len(nodes):
        return {}  # the graph's own value stays
    if needed:
        message = f"cannot be absent: nothing can stand for graph node {needed[0]}"
        problems.add(f"{path}.absent_values", "not_bypassable", message)
    if len(nodes) == 1:
        return {"when_absent": {"bypass": places[0]["node"]}}
    return {"bind": [{**place, "when_absent": {"bypass": place["node"]}} for place in places]}
