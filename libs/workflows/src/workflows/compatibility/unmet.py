"""Names each unmet requirement of a graph on a server: the graph node and the workflow's input."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from contracts.errors import FieldError
from contracts.values import Unmet
from workflows.compatibility.graph_check import graph_doubts, graph_errors
from workflows.compatibility.object_info import ObjectInfo
from workflows.graph.graph import Graph, class_of, inputs_of
from workflows.graph.requirements import ModelFile, models_in
from workflows.spec.parameter import InputSpec
from workflows.spec.spec import Spec

LONGEST = 200
KINDS = {"missing_class": "class", "not_a_choice": "choice"}
GRAPH_PATH = re.compile(r"graph\.(?P<id>.+?)\.(class_type|inputs\.(?P<input>.+))")
Binds: TypeAlias = Mapping[tuple[str, str], tuple[str, InputSpec]]
"""The workflow's input that sets a graph node's input."""


def unmet(graph: Graph, object_info: ObjectInfo, spec: Spec) -> list[Unmet]:
    """Return each requirement of the rendered graph, except model files, that a server lacks."""
    return all_unmet(graph_errors(graph, object_info, spec), graph, spec)


def doubtful(graph: Graph, object_info: ObjectInfo, spec: Spec) -> list[Unmet]:
    """Return the requirements that a server may lack: custom nodes can check values themselves."""
    return all_unmet(graph_doubts(graph, object_info), graph, spec)


def all_unmet(errors: Sequence[FieldError], graph: Graph, spec: Spec) -> list[Unmet]:
    if not errors:
        return []
    binds = binds_of(spec)
    return [as_unmet(error, graph, spec, binds) for error in errors]


def unmet_models(graph: Graph, spec: Spec, has: Callable[[ModelFile], bool]) -> Iterator[Unmet]:
    """Yield the model files that the rendered graph loads and the server does not have."""
    binds = binds_of(spec)
    for id_, name, model in models_in(graph):
        if not has(model):
            text = f"no model file {'/'.join(model)}"
            yield at_input("model", "/".join(model), text, graph, (id_, name), binds)


def with_graph_nodes(found: Iterable[Unmet], graph: Graph, spec: Spec) -> list[Unmet]:
    """Add to unmet classes and model files the first graph node that requires each."""
    entries = list(found)
    classes = {entry.name for entry in entries if entry.kind == "class"}
    models = {entry.name for entry in entries if entry.kind == "model"}
    wanted = [
        at_class(id_, graph, spec) for id_, node in graph.items() if class_of(node) in classes
    ]
    wanted += unmet_models(graph, spec, lambda model: "/".join(model) not in models)
    # reversed, so that the first of several graph nodes wins
    known = {(entry.kind, entry.name): entry for entry in reversed(wanted)}
    return [
        entry if entry.graph_node else known.get((entry.kind, entry.name), entry)
        for entry in entries
    ]


def binds_of(spec: Spec) -> Binds:
    return {
        (bind.node, bind.input): (name, item)
        for name, item in spec.inputs.items()
        for bind in item.bind
    }


def as_unmet(error: FieldError, graph: Graph, spec: Spec, binds: Binds) -> Unmet:
    place = GRAPH_PATH.fullmatch(error.path)
    if place is None or place["id"] not in graph:  # an output of the spec
        return of_spec(error)
    id_, name = place["id"], place["input"]
    if name is None:
        return at_class(id_, graph, spec)
    kind, what = KINDS.get(error.code, "input"), error.path
    if kind == "choice":
        _, item = binds.get((id_, name), (None, None))
        value = str(inputs_of(graph[id_]).get(name))
        # the choices of a custom node's loader are model files
        kind, what = ("model", value) if item and item.folder else (kind, f"{name}: {value}")
    return at_input(kind, what, error.message, graph, (id_, name), binds)


def of_spec(error: FieldError) -> Unmet:
    """Return what the spec itself cannot have on a server."""
    return shortened("input", error.path, error.message)


def at_class(id_: str, graph: Graph, spec: Spec) -> Unmet:
    class_ = class_of(graph[id_])
    text = f"graph node {id_}: no graph-node class {class_}{spec.requires.hint(class_)}"
    return shortened("class", class_, text, graph_node=id_, graph_node_class=class_)


def at_input(
    kind: str, what: str, reason: str, graph: Graph, place: tuple[str, str], binds: Binds
) -> Unmet:
    id_, name = place
    class_, inputs = class_of(graph[id_]), inputs_of(graph[id_])
    field, _ = binds.get(place, (None, None))
    return shortened(
        kind,
        what,
        f"graph node {id_} ({class_}), {name}: {reason}",
        graph_node=id_,
        graph_node_class=class_,
        input=name,
        value=str(inputs[name]) if name in inputs else None,
        field=field and f"inputs.{field}",
    )


def shortened(kind: str, what: str, message: str, **place: str | None) -> Unmet:
    """Cut texts to a readable length: names in graphs are as long as their authors like."""
    texts = {"name": what, "message": message, **place}
    values: dict[str, Any] = {name: text and text[:LONGEST] for name, text in texts.items()}
    return Unmet.model_validate({"kind": kind, **values})
