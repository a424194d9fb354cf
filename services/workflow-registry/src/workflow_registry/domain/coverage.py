"""Whether a server can run a version, and what it lacks."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from contracts.errors import FieldError
from contracts.nodes import NodeState, NodeView
from contracts.registry import CoverageView, Missing, NodeCoverage
from contracts.scheduling import ModelFile
from workflow_registry.domain.descriptions import Description
from workflows import Spec, misfits, render
from workflows.graph import Graph, class_of, inputs_of
from workflows.needs import MODEL_INPUTS, NOT_FILES
from workflows.parameter import InputSpec
from workflows.suits import unsuited

MOST_MISSING = 20
MOST_ENTRIES = 1_500
"""Of all nodes together: an answer may have 512 KiB."""
MOST_NODES = 1_000
LONGEST = 200
WORKING = frozenset({NodeState.READY, NodeState.BUSY})
ANY_MEDIA = {"media": "00000000-0000-0000-0000-000000000000"}
KINDS = {"missing_class": "class", "not_a_choice": "choice"}
GRAPH_PATH = re.compile(r"graph\.(?P<id>.+?)\.(class_type|inputs\.(?P<input>.+))")


def missing(graph: Graph, spec: Spec, description: Description) -> list[Missing]:
    """What keeps the version from running there: with its inputs at their defaults, or switched."""
    standing = render(graph, spec, standing_inputs(spec))
    found = [*missing_models(standing, description)]
    places = {
        (bind.node, bind.input)
        for item in spec.inputs.values()
        if item.folder
        for bind in item.bind
    }
    errors = misfits(standing, description.classes, spec)
    errors += unsuited(graph, spec, description.classes)
    found += [as_missing(error, standing, places) for error in errors]
    return list({(entry.kind, entry.what): entry for entry in found}.values())[:MOST_MISSING]


def standing_inputs(spec: Spec) -> dict[str, Any]:
    return {name: standing_value(item) for name, item in spec.inputs.items()}


def standing_value(item: InputSpec) -> Any:
    """The default; a file where one is demanded, since without it the graph is another."""
    if item.is_media and item.required:
        return [ANY_MEDIA] * max(1, item.min_items or 1) if item.is_list else ANY_MEDIA
    return 0 if item.type == "seed" else item.default


def missing_models(graph: Graph, description: Description) -> Iterator[Missing]:
    for id_, node in graph.items():
        for name, folder in MODEL_INPUTS.get(class_of(node), {}).items():
            value = inputs_of(node).get(name)
            if not isinstance(value, str) or value in NOT_FILES:
                continue
            if ModelFile(folder=folder, name=value) not in description.models:
                what = f"{folder}/{value}"[:LONGEST]
                yield Missing(
                    kind="model", what=what, graph_node=id_, message=f"no model file {what}"
                )


def as_missing(error: FieldError, graph: Graph, model_places: set[tuple[str, str]]) -> Missing:
    place = GRAPH_PATH.fullmatch(error.path)
    kind, what = KINDS.get(error.code, "input"), error.path
    id_ = str(place["id"]) if place else None
    node = graph.get(id_) if id_ else None
    if place and node and kind == "class":
        what = class_of(node)
    elif place and node and kind == "choice":
        name = str(place["input"])
        value = str(inputs_of(node).get(name))
        what = f"{name}: {value}"
        if (id_, name) in model_places:  # a loader of a custom node
            kind, what = "model", value
    return Missing.model_validate(
        {
            "kind": kind,
            "what": what[:LONGEST],
            "graph_node": id_,
            "message": error.message[:LONGEST],
        }
    )


def coverage(nodes: Sequence[NodeView], lacking: Mapping[str, Sequence[Missing]]) -> CoverageView:
    """The view of all nodes; `lacking` is what each described digest lacks."""
    most = max(1, min(MOST_MISSING, MOST_ENTRIES // max(1, len(nodes))))
    items = [node_coverage(node, lacking, most) for node in nodes[:MOST_NODES]]
    return CoverageView(runnable=is_runnable(nodes, lacking), items=items)


def node_coverage(
    node: NodeView, lacking: Mapping[str, Sequence[Missing]], most: int
) -> NodeCoverage:
    lacks = lacking.get(node.digest or "")
    return NodeCoverage(
        node_id=node.id,
        name=node.name,
        state=node.state,
        is_described=lacks is not None,
        can_run=lacks is not None and not lacks,
        missing=list(lacks or [])[:most],
    )


def is_runnable(nodes: Iterable[NodeView], lacking: Mapping[str, Sequence[Missing]]) -> bool | None:
    """Whether some node that takes jobs can run it; None while none is described."""
    verdicts = [
        not lacking[node.digest]
        for node in nodes
        if node.digest and node.digest in lacking and node.state in WORKING and node.enabled
    ]
    return any(verdicts) if verdicts else (None if not lacking else False)


def nearest(lacking: Mapping[str, Sequence[Missing]]) -> list[str]:
    """What the server that comes nearest lacks, in words."""
    fewest = min(lacking.values(), key=len, default=())
    return [entry.what for entry in fewest]
