"""Keeps the editor's file of a workflow, to send it along with each run, holding the run's values.

ComfyUI writes what it gets as `extra_pnginfo.workflow` into pictures, and its editor opens them
with that layout. To know where a value of the graph stands in the file, `editor_file` converts a
copy in which each saved value carries its own place, and looks where these values arrive.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from workflows.convert.assembler import to_api
from workflows.convert.marks import MARKS, Mark, Path
from workflows.convert.saved_file import as_id, read_definitions
from workflows.graph.graph import Graph
from workflows.json_values import as_array, as_object, is_array, is_object
from workflows.spec.field_types import is_same
from workflows.spec.spec import Spec

VALUES = ("widgets_values", "widgets_values_named")
WITHOUT_BOOLEANS = {kind: mark for kind, mark in MARKS.items() if kind is not bool}
MOST_DEEP = 32
INPUT_STEPS = 3
"""The path to a whole input in a graph: graph node, `inputs`, name."""
MUTED, BYPASSED = 2, 4
"""LiteGraph's modes of a graph node that does not run."""
ABSENT = object()
File: TypeAlias = dict[str, Any]


class Place(BaseModel):
    """A saved value of the file, and the values of the graph that come from it."""

    model_config = ConfigDict(frozen=True)

    path: Path = Field(description="Keys and positions that lead to it in the file.")
    feeds: tuple[Path, ...] = Field(description="Keys and positions in the graph, of each.")


class EditorFile(BaseModel):
    """A file of ComfyUI's editor, and where the values of its graph stand in it."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(description="The file, as JSON text.", repr=False)
    places: tuple[Place, ...] = Field(description="Its values that the graph has.", repr=False)


def editor_file(ui: Mapping[str, Any], object_info: Mapping[str, Any], graph: Graph) -> EditorFile:
    """Return the file with the places of the values of `graph`, its conversion."""
    text = json.dumps(ui, separators=(",", ":"), ensure_ascii=False)
    for kinds in (MARKS, WITHOUT_BOOLEANS):
        file: File = json.loads(text)
        for path, node in nodes_of(file):
            for key in VALUES:
                mark_all(node.get(key), (*path, key), kinds)
        marked = to_api(file, object_info)
        if marked == graph:  # a boolean in a place for texts reads otherwise as a number
            return EditorFile(text=text, places=tuple(places_of(marked, file)))
    return EditorFile(text=text, places=())


def places_of(marked: Graph, file: File) -> Iterator[Place]:
    found: dict[Path, list[Path]] = {}
    for path, value in leaves(marked, ()):
        if isinstance(value, Mark):
            found.setdefault(value.path, []).append(path)
    for path, feeds in found.items():
        yield Place(path=path, feeds=tuple(feeds))
        if twin := named_twin(path, feeds[0], file):
            yield Place(path=twin, feeds=tuple(feeds))


def named_twin(path: Path, feed: Path, file: File) -> Path | None:
    """Return the place where a newer editor saved the value a second time, by its name."""
    ordered, named = VALUES
    if path[-2:-1] != (ordered,) or len(feed) != INPUT_STEPS:
        return None
    twin = (*path[:-2], named, feed[-1])
    return twin if value_at(file, twin) == value_at(file, path) else None


def nodes_of(file: File) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each graph node of the file and of its subgraphs, with its path."""
    waiting: list[tuple[Path, Mapping[str, Any]]] = [((), file)]
    while waiting:
        path, graph = waiting.pop()
        for index, node in enumerate(as_array(graph.get("nodes"))):
            if is_object(node):
                yield (*path, "nodes", index), node
        inner = as_array(as_object(graph.get("definitions")).get("subgraphs"))
        waiting += [
            ((*path, "definitions", "subgraphs", index), as_object(definition))
            for index, definition in enumerate(inner)
        ]


def mark_all(container: Any, path: Path, kinds: Mapping[type, Any]) -> None:
    """Replace each simple value inside the container by one that carries its place."""
    if len(path) > MOST_DEEP:
        return
    for key, value in entries_of(container):
        if kind := kinds.get(value.__class__):
            container[key] = kind(value).at((*path, key))
        else:
            mark_all(value, (*path, key), kinds)


def leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if not is_object(value) and not is_array(value):
        yield path, value
    elif len(path) <= MOST_DEEP:
        for key, entry in entries_of(value):
            yield from leaves(entry, (*path, key))


def entries_of(container: Any) -> list[tuple[str | int, Any]]:
    if is_object(container):
        return [*container.items()]
    return [*enumerate(container)] if is_array(container) else []


def with_run(file: EditorFile, spec: Spec, rendered: Graph) -> File:
    """Return the file with the values of the rendered graph, and its parts that do not run off.

    A value that several graph nodes share stays if the run gives them different ones.
    """
    content: File = json.loads(file.text)
    for place in file.places:
        given = [value_at(rendered, path) for path in place.feeds]
        values = [value for value in given if value is not ABSENT and not is_array(value)]
        if values and all(is_same(value, values[0]) for value in values):
            write(content, place.path, values[0])
    for id_, mode in switched_off(spec, rendered).items():
        for node in only_node(content, id_):
            node["mode"] = mode
    return content


def value_at(container: Any, path: Path) -> Any:
    found: Any = container
    for step in path:
        if is_object(found) and step in found:
            found = found[str(step)]
        elif is_array(found) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return ABSENT
    return found


def write(content: File, path: Path, value: Any) -> None:
    *way, last = path
    container: Any = content
    for step in way:
        container = container[step]
    container[last] = value


def switched_off(spec: Spec, rendered: Graph) -> dict[str, int]:
    """Return the graph nodes that the inputs of this run switched off, each with its mode."""
    actions = (action for name, item in spec.in_order for _, action in item.actions(name))
    return {
        action.graph_node: BYPASSED if action.bypass else MUTED
        for action in actions
        if action.graph_node and action.graph_node not in rendered
    }


def only_node(content: File, id_: str) -> Iterator[dict[str, Any]]:
    """Yield the file's graph node of that id, unless several instances of a subgraph share it."""
    definitions = read_definitions(content)
    *outer, last = id_.split(":")
    graph: Mapping[str, Any] = content
    for step in outer:
        instance = find(graph, step)
        kind = instance.get("type")
        count = sum(node.get("type") == kind for _, node in nodes_of(content))
        if count != 1 or kind not in definitions:
            return
        graph = definitions[kind]
    if node := find(graph, last):
        yield node


def find(graph: Mapping[str, Any], id_: str) -> dict[str, Any]:
    nodes = (node for node in as_array(graph.get("nodes")) if is_object(node))
    found = (node for node in nodes if as_id(node.get("id")) == id_)
    return next(found, dict[str, Any]())
