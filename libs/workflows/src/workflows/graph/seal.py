"""Seals a graph before it goes to a shared ComfyUI server, so that it cannot harm other jobs.

Its files go under its own prefix, its outputs never come from another job's cache, its file
names stay inside their folders, and no input can kill the server.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.file_names import is_inside, with_slashes
from workflows.graph.graph import Graph, as_link, class_of, inputs_of, links_of
from workflows.graph.removal import Draft
from workflows.graph.requirements import FILE_INPUTS, MODEL_FILE, MODEL_INPUTS, models_in
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


def seal(graph: Graph, prefix: str, separator: str = "/") -> Draft:
    """Return the graph that may be posted; `prefix` is the attempt's own, such as `cf/<attempt>`.

    `separator` is what the server writes between folders in the names of its models, which it
    compares as texts. Raises Invalid if a file name leaves its folder or is hidden behind a link.
    """
    problems = Problems()
    for found in escapes(graph):
        problems.add(*found)
    problems.raise_if_any("The graph names files outside its folders", code="unsafe_graph")
    consumed = {link[0] for node in graph.values() for _, link in links_of(node)}
    sealed: Draft = {}
    for number, (id_, node) in enumerate(graph.items()):
        inputs = without_dangling(inputs_of(node), graph)
        models = MODEL_INPUTS.get(class_of(node), {})
        for name, value in inputs.items():
            inputs[name] = respelled(value, separator, is_model=name in models)
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


def respelled(value: Any, separator: str, *, is_model: bool = False) -> Any:
    """Return names of model files as the server writes them: graphs come from any system."""
    if isinstance(value, str):
        is_name = is_model or MODEL_FILE.search(value)
        return with_slashes(value).replace("/", separator) if is_name else value
    if is_object(value):  # no class nests the names of models deeper than this
        return {
            key: respelled(one, separator) if isinstance(one, str) else one
            for key, one in value.items()
        }
    return value


def prefix_inputs(class_: str, inputs: Mapping[str, Any]) -> set[str]:
    by_class = {CLASS_PREFIX_INPUTS[class_]} if class_ in CLASS_PREFIX_INPUTS else set[str]()
    return by_class | (inputs.keys() & {PREFIX_INPUT})


def escapes(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Yield inputs that name a file outside its folder, as (path, code, message).

    A link may give the name of a model, because ComfyUI looks model files up inside their folders
    (`get_full_path` in folder_paths.py); the name of an input file decides its folder as well.
    """
    within: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for id_, name, (_, model) in models_in(graph):
        within[id_, name].append(model)
    for id_, node in graph.items():
        class_, inputs = class_of(node), inputs_of(node)
        models, file = MODEL_INPUTS.get(class_, {}), FILE_INPUTS.get(class_)
        for name, value in inputs.items():
            path = f"graph.{id_}.inputs.{name}"
            is_name = name in models or name == file
            is_linked = name in models and as_link(value) is not None
            texts = [*texts_in(value)] if is_name or FILE_LIKE.search(name) else []
            texts += within[id_, name]
            if is_name and not is_linked and not isinstance(value, str):
                yield path, "wrong_type", "expected a file name, not a link or an object"
            elif not all(map(is_inside, texts)):
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
