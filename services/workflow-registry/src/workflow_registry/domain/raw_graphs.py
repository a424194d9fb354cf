"""Makes a version of a raw graph, which runs as it is: it has no inputs but the files it names.

    {"10": {"class_type": "LoadImage", "inputs": {"image": {"media": "<id>"}}}, …}

becomes a graph with `file_1` in that place, and a spec whose input `file_1` is bound there. So a
graph is one version whatever pictures it gets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from contracts.values import RAW_GRAPHS
from workflow_registry.domain.checks import Rules, safe_version
from workflows import WorkflowVersion, load_graph
from workflows.authoring.proposal import file_outputs
from workflows.compatibility.object_info import ObjectInfo, declared_inputs
from workflows.graph.graph import Graph, class_of, inputs_of
from workflows.graph.requirements import FILE_INPUTS
from workflows.json_values import is_object
from workflows.problems import Problems
from workflows.spec.checks import check_media
from workflows.spec.spec import FORMAT


@dataclass(frozen=True, slots=True)
class GraphBounds:
    """Bounds in time and size of raw graphs that no unfinished job needs."""

    keep: timedelta
    """Age since the last use."""
    most_bytes: int
    most_bytes_per_owner: int


def raw_version(
    posted: dict[str, Any], rules: Rules
) -> tuple[WorkflowVersion, dict[str, dict[str, str]]]:
    """Return the version, and the media that the graph names as its inputs.

    Raises Invalid with everything that is wrong.
    """
    graph = load_graph(posted, rules.classes or None)
    problems = Problems()
    places = list(media_places(graph))
    media = {
        f"file_{number}": check_media(inputs_of(graph[id_])[name], place(id_, name), problems)
        for number, (id_, name) in enumerate(places, 1)
    }
    for id_, name in named_files(graph, rules.classes):
        message = 'expected {"media": "<id of an upload>"}: files of servers are not read'
        problems.add(place(id_, name), "file_by_name", message)
    problems.raise_if_any("The graph cannot be run", code="invalid_workflow")
    bound = dict(zip(media, places, strict=True))
    spec = {
        "spec": FORMAT,
        "name": RAW_GRAPHS,
        "inputs": {
            name: {"type": "file", "required": True, "bind": [{"node": id_, "input": input_}]}
            for name, (id_, input_) in bound.items()
        },
        "outputs": file_outputs(graph, rules.classes),
    }
    # a saved file is converted once more, so that the version keeps it
    source = with_names(graph, bound) if bound else posted
    return safe_version(spec, source, None, rules), media


def place(id_: str, name: str) -> str:
    return f"graph.{id_}.inputs.{name}"[:200]


def media_places(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield graph nodes and inputs that hold media, in an order that equal graphs share."""
    for id_, node in sorted(graph.items()):
        for name, value in sorted(inputs_of(node).items()):
            if is_object(value) and value.keys() == {"media"}:
                yield id_, name


def named_files(graph: Graph, classes: ObjectInfo) -> Iterator[tuple[str, str]]:
    """Yield graph nodes and inputs that name a file in the folder of uploads of a server.

    Other people's files are there. A class of a custom node says it by an option `image_upload`.
    """
    for id_, node in graph.items():
        class_ = class_of(node)
        loads = {FILE_INPUTS.get(class_)}
        for declared in declared_inputs(classes.get(class_, {})):
            if any(key.endswith("_upload") and value for key, value in declared.options.items()):
                loads.add(declared.name)
        yield from (
            (id_, name)
            for name, value in inputs_of(node).items()
            if name in loads and isinstance(value, str)
        )


def with_names(graph: Graph, bound: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return the graph with the names of inputs in place of media."""
    named = {id_: {**node, "inputs": dict(inputs_of(node))} for id_, node in graph.items()}
    for name, (id_, input_) in bound.items():
        named[id_]["inputs"][input_] = name
    return named
