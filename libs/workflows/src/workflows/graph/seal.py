"""Seals a graph before it goes to a shared ComfyUI server, so that it cannot harm other jobs.

Its files go under its own prefix, its outputs never come from another job's cache, its file
names stay inside their folders, and no input can kill the server.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.file_names import is_inside
from workflows.graph.graph import Graph, as_link, class_of, inputs_of, links_of
from workflows.graph.removal import Draft
from workflows.graph.requirements import FILE_INPUTS, MODEL_INPUTS
from workflows.json_values import is_array, is_object
from workflows.problems import Problems

PREFIX_INPUT = "filename_prefix"
CLASS_PREFIX_INPUTS: Mapping[str, str] = {
    "SaveImageDataSetToFolder": "folder_name",
    "SaveImageTextDataSetToFolder": "folder_name",
    "SaveLoRA": "prefix",
    "SaveTrainingDataset": "folder_name",
}
MARK = "comfyfleet_attempt"
"""An input that no class declares. ComfyUI ignores it but includes it in the cache key
(comfy_execution/caching.py), so an output node without a prefix runs again for each attempt."""
FILE_LIKE = re.compile(
    r"(^|_)(image|video|audio|mask|file|path|dir|directory|folder)s?(_?(name|path|file)s?)?$"
    r"|(^|_)(filename|filepath|foldername)s?$"
)


def seal(graph: Graph, prefix: str) -> Draft:
    """Return the graph that may be posted; `prefix` is the attempt's own, such as `cf/<attempt>`.

    Raises Invalid if a file name leaves its folder or is hidden behind a link.
    """
    problems = Problems()
    for found in escapes(graph):
        problems.add(*found)
    problems.raise_if_any("The graph names files outside its folders", code="unsafe_graph")
    consumed = {link[0] for node in graph.values() for _, link in links_of(node)}
    sealed: Draft = {}
    for number, (id_, node) in enumerate(graph.items()):
        inputs = without_dangling(inputs_of(node), graph)
        own = f"{prefix}/{folder_name(id_, number)}"
        prefixed = prefix_inputs(class_of(node), inputs)
        inputs |= dict.fromkeys(prefixed, own)
        if not prefixed and id_ not in consumed:
            inputs[MARK] = own
        sealed[id_] = {**node, "inputs": inputs}
    return sealed


def folder_name(node_id: str, number: int) -> str:
    """Return the graph node's id if it is a plain word, like ComfyUI's own; else its position."""
    return node_id if re.fullmatch(r"[A-Za-z0-9_-]{1,32}", node_id) else f"n{number}"


def without_dangling(inputs: Mapping[str, Any], graph: Graph) -> dict[str, Any]:
    """Drop links to nothing: in an undeclared input they kill ComfyUI's worker thread for good."""
    return {
        name: value
        for name, value in inputs.items()
        if (link := as_link(value)) is None or link[0] in graph
    }


def prefix_inputs(class_: str, inputs: Mapping[str, Any]) -> set[str]:
    by_class = {CLASS_PREFIX_INPUTS[class_]} if class_ in CLASS_PREFIX_INPUTS else set[str]()
    return by_class | (inputs.keys() & {PREFIX_INPUT})


def escapes(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Yield inputs that name a file outside its folder, as (path, code, message)."""
    for id_, node in graph.items():
        class_, inputs = class_of(node), inputs_of(node)
        known = {*MODEL_INPUTS.get(class_, {}), FILE_INPUTS.get(class_, "")}
        for name, value in inputs.items():
            path = f"graph.{id_}.inputs.{name}"
            if name in known and not isinstance(value, str):
                yield path, "wrong_type", "expected a file name, not a link or an object"
            elif (name in known or FILE_LIKE.search(name)) and not all(
                is_inside(text) for text in texts_in(value)
            ):
                yield path, "unsafe_path", "expected a name inside its folder"


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts that a value holds at any depth; links hold none."""
    waiting = [value]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, str):
            yield entry
        elif is_object(entry):
            waiting.extend(entry.values())
        elif is_array(entry) and not as_link(entry):
            waiting.extend(entry)
