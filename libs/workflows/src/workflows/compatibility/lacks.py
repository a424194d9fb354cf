"""What a server lacks for a graph: said of the place, and of the input that led there."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from contracts.errors import FieldError
from contracts.values import Unmet
from workflows.compatibility.fits import ObjectInfo, misfits
from workflows.graph.graph import Graph, class_of, inputs_of
from workflows.graph.needs import ModelFile, models_in
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import Spec

LONGEST = 200
KINDS = {"missing_class": "class", "not_a_choice": "choice"}
GRAPH_PATH = re.compile(r"graph\.(?P<id>.+?)\.(class_type|inputs\.(?P<input>.+))")
Places: TypeAlias = Mapping[tuple[str, str], tuple[str, InputSpec]]


def lacks(graph: Graph, object_info: ObjectInfo, spec: Spec) -> list[Unmet]:
    """All but model files that keeps the rendered graph from running on such a server."""
    errors = misfits(graph, object_info, spec)
    if not errors:
        return []
    places = places_of(spec)
    return [as_missing(error, graph, spec, places) for error in errors]


def missing_models(graph: Graph, spec: Spec, has: Callable[[ModelFile], bool]) -> Iterator[Unmet]:
    """The model files that the rendered graph loads and the server has not."""
    places = places_of(spec)
    for id_, name, model in models_in(graph):
        if not has(model):
            text = f"no model file {'/'.join(model)}"
            yield at_input("model", "/".join(model), text, graph, (id_, name), places)


def located(found: Iterable[Unmet], graph: Graph, spec: Spec) -> list[Unmet]:
    """The same, with where the graph wants the classes and model files among them."""
    entries = list(found)
    classes = {entry.name for entry in entries if entry.kind == "class"}
    models = {entry.name for entry in entries if entry.kind == "model"}
    wanted = [
        at_class(id_, graph, spec) for id_, node in graph.items() if class_of(node) in classes
    ]
    wanted += missing_models(graph, spec, lambda model: "/".join(model) not in models)
    # of several places that want the same, the first stands for all
    known = {(entry.kind, entry.name): entry for entry in reversed(wanted)}
    return [
        entry if entry.graph_node else known.get((entry.kind, entry.name), entry)
        for entry in entries
    ]


def places_of(spec: Spec) -> Places:
    """Which of the workflow's inputs sets which input of which graph node."""
    return {
        (bind.node, bind.input): (name, item)
        for name, item in spec.inputs.items()
        for bind in item.bind
    }


def as_missing(error: FieldError, graph: Graph, spec: Spec, places: Places) -> Unmet:
    place = GRAPH_PATH.fullmatch(error.path)
    if place is None or place["id"] not in graph:  # an output of the spec
        return missing("input", error.path, error.message)
    id_, name = place["id"], place["input"]
    if name is None:
        return at_class(id_, graph, spec)
    kind, what = KINDS.get(error.code, "input"), error.path
    if kind == "choice":
        _, item = places.get((id_, name), (None, None))
        value = str(inputs_of(graph[id_]).get(name))
        # the list of a custom node's loader is one of model files
        kind, what = ("model", value) if item and item.folder else (kind, f"{name}: {value}")
    return at_input(kind, what, error.message, graph, (id_, name), places)


def at_class(id_: str, graph: Graph, spec: Spec) -> Unmet:
    class_ = class_of(graph[id_])
    text = f"graph node {id_}: no graph-node class {class_}{spec.requires.hint(class_)}"
    return missing("class", class_, text, graph_node=id_, graph_node_class=class_)


def at_input(
    kind: str, what: str, reason: str, graph: Graph, place: tuple[str, str], places: Places
) -> Unmet:
    id_, name = place
    class_, inputs = class_of(graph[id_]), inputs_of(graph[id_])
    field, _ = places.get(place, (None, None))
    return missing(
        kind,
        what,
        f"graph node {id_} ({class_}), {name}: {reason}",
        graph_node=id_,
        graph_node_class=class_,
        input=name,
        value=str(inputs[name]) if name in inputs else None,
        field=field and f"inputs.{field}",
    )


def missing(kind: str, what: str, message: str, **place: str | None) -> Unmet:
    """Cut to a length that people read: names in graphs are as long as their authors like."""
    texts = {"name": what, "message": message, **place}
    values: dict[str, Any] = {name: text and text[:LONGEST] for name, text in texts.items()}
    return Unmet.model_validate({"kind": kind, **values})
