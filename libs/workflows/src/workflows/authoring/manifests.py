"""Converts foreign manifests to specs: one file defines parameters, another lists workflows.

    # base.yaml: parameter by parameter       # workflows.yaml: workflow by workflow
    steps: {type: integer, default: 20,       my_portrait:
            target: {class_type: KSampler,      workflow_file: my_portrait.json
                     input: steps}}             parameters: [steps]
                                                overrides: {steps: {default: 30}}

A target names graph nodes by title or class; each becomes a `bind`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.authoring.draft_input import title_of
from workflows.authoring.prompts import LONG_TEXTS
from workflows.authoring.proposal import proposed_outputs
from workflows.authoring.suggestions import LOADERS, SEEDS
from workflows.graph.graph import Graph, class_of, inputs_of
from workflows.graph.removal import is_bypassable
from workflows.graph.requirements import FILE_INPUTS, MODEL_INPUTS
from workflows.json_values import as_object, is_array, is_object
from workflows.problems import Problems
from workflows.spec.spec import FORMAT

TYPES: Mapping[str, str] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "enum": "choice",
    "select": "choice",
}

OWN_KEYS = {"target", "targets", "type", "description", "label"}
RENAMED = {"min": "minimum", "max": "maximum", "enum": "choices", "options": "choices"}
KEYS = {"workflow_file", "title", "description", "category", "parameters", "overrides", "outputs"}
NOT_VALID = "The manifest is not valid"


def graph_file(entry: Any, name: str) -> str:
    """Return the name of the file that holds the graph of one workflow."""
    return str(as_object(entry).get("workflow_file") or f"{name}.json")


def spec_of(name: str, entry: Any, base: Mapping[str, Any], graph: Graph) -> dict[str, Any]:
    """Return the spec for one workflow of a manifest; raise Invalid with every problem."""
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
        message = "expected a list of names, and a mapping in `overrides`"
        problems.add(f"{name}.parameters", "invalid", message)
        return
    for key in overrides.keys() - {str(item) for item in wanted}:
        message = "expected a name that `parameters` lists"
        problems.add(f"{name}.overrides.{key}"[:200], "unknown", message)
    for parameter in map(str, wanted):
        path, own = f"{name}.parameters.{parameter}"[:200], overrides.get(parameter, {})
        definition = base.get(parameter)
        if not is_object(definition) or not is_object(own):
            problems.add(path, "unknown", "expected a name that the base file defines")
            continue
        item = input_of({**definition, **own}, path, graph, problems)
        if item:
            yield parameter, item


def input_of(
    defined: dict[str, Any], path: str, graph: Graph, problems: Problems
) -> dict[str, Any] | None:
    """Convert one parameter to an input, bound to every graph node that its target names."""
    targets: Any = defined.get("targets") or [defined.get("target")]
    places = [place for target in targets for place in places_of(target, graph)]
    if not places:
        problems.add(path, "no_target", f"no graph node matches the target {targets}"[:200])
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
        item |= bypassed(item["bind"], path, graph, problems)
    if item.get("required"):
        item.pop("default", None)
    return item


def places_of(target: Any, graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield every graph node with that title, class or id which has the input."""
    if not is_object(target) or not isinstance(target.get("input"), str):
        return
    name: str = target["input"]
    for id_, node in graph.items():
        known = {"title": title_of(node), "class_type": class_of(node), "node": id_}
        asked = target.keys() - {"input"}
        is_match = bool(asked) and all(known.get(key) == str(target[key]) for key in asked)
        if is_match and name in inputs_of(node):
            yield id_, name


def typed(kind: str, item: Mapping[str, Any], id_: str, name: str, graph: Graph) -> dict[str, Any]:
    """Return our type; the graph node's input tells more than the manifest's `string`."""
    class_, ours = class_of(graph[id_]), TYPES.get(kind, kind)
    folder = MODEL_INPUTS.get(class_, {}).get(name)
    if folder and ours in ("string", "choice") and "choices" not in item:
        return {"type": "model", "folder": folder}
    if FILE_INPUTS.get(class_) == name and ours == "string":
        return {"type": LOADERS.get(class_, "image")}
    if name in SEEDS and ours == "integer":
        default = item.get("default")
        is_drawn = default is None or (isinstance(default, int) and default < 0)
        return {"type": "seed", "default": "random" if is_drawn else default}
    if "choices" in item and ours in ("string", "choice"):
        return {"type": "choice"}
    return {"type": "text" if ours == "string" and name in LONG_TEXTS else ours}


def bypassed(
    places: list[dict[str, Any]], path: str, graph: Graph, problems: Problems
) -> dict[str, Any]:
    """Return a bypass of each graph node for absence; empty if none of them can be bypassed."""
    nodes = dict.fromkeys(place["node"] for place in places)
    needed = [id_ for id_ in nodes if not is_bypassable(graph, id_)]
    if len(needed) == len(nodes):
        return {}  # the graph keeps its own value
    if needed:
        message = f"cannot be absent, because no input can replace graph node {needed[0]}"
        problems.add(f"{path}.absent_values", "not_bypassable", message)
    if len(nodes) == 1:
        return {"when_absent": {"bypass": places[0]["node"]}}
    return {"bind": [{**place, "when_absent": {"bypass": place["node"]}} for place in places]}
