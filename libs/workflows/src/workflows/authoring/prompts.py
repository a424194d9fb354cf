"""Finds the prompts of a graph, by the links to its samplers, else by the names of inputs."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from workflows.authoring.draft_input import DraftInput, binds, titled
from workflows.compatibility.object_info import ObjectInfo, declared_inputs
from workflows.graph.graph import Graph, class_of, inputs_of, links_of

POSITIVE = ("positive", "conditioning")
LONG_TEXTS = ("text", "prompt", "text_g", "text_l", "clip_l", "t5xxl")
TEXTS = (*LONG_TEXTS, "string", "value", "text_positive")
KNOWN_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("prompt", "prompt_text", "positive_prompt", "user_prompt"), "prompt"),
    "negative_prompt": "negative",
    **{name: name for name in ("text", "tags", "lyrics")},
}
"""Names of texts in graph nodes without a sampler, such as those of paid services."""
SIDES = frozenset({"positive", "negative"})
"""A graph node with both inputs, such as ControlNetApply, passes each to its own side."""


def prompts(graph: Graph, info: ObjectInfo) -> Iterator[DraftInput]:
    """Yield positive and negative prompts of samplers, then every other text."""
    wanted = texts_behind(graph, POSITIVE) or texts_behind(graph, ("prompt",))
    unwanted = [id_ for id_ in texts_behind(graph, ("negative",)) if id_ not in wanted]
    found = {*wanted, *unwanted}
    others = [id_ for id_, node in graph.items() if class_of(node).startswith("CLIPTextEncode")]
    for id_ in wanted:
        yield text("prompt", id_, graph, info, required=True)
    for id_ in unwanted:
        yield text("negative", id_, graph, info)
    for id_ in others:
        if id_ not in found and text_inputs(graph, id_):
            yield text("text", id_, graph, info)
    yield from other_texts(graph, info, found.union(others))


def other_texts(graph: Graph, info: ObjectInfo, found: Collection[str]) -> Iterator[DraftInput]:
    """Yield texts with a known name, and those of several lines."""
    for id_, node in graph.items():
        long = long_texts(class_of(node), info)
        for name, value in inputs_of(node).items():
            is_text = isinstance(value, str) and long.get(name, name in KNOWN_NAMES)
            if is_text and id_ not in found:
                item = {"type": "text", "default": value, **titled(graph, id_, info)}
                item |= {"bind": binds(id_, [name])}
                yield DraftInput(KNOWN_NAMES.get(name, name), item)


def long_texts(class_: str, info: ObjectInfo) -> Mapping[str, bool]:
    """Tell for each input of a known class whether it is a text with a known name or many lines."""
    return {
        name: type_ == "STRING" and (name in KNOWN_NAMES or bool(options.get("multiline")))
        for name, _, type_, options in declared_inputs(info.get(class_, {}))
    }


def texts_behind(graph: Graph, names: Sequence[str]) -> list[str]:
    """Return the graph nodes that hold the texts behind these inputs, nearest first."""
    waiting = [link[0] for node in graph.values() for name, link in links_of(node) if name in names]
    found: dict[str, None] = {}
    seen: set[str] = set()
    while waiting:
        id_ = waiting.pop(0)
        if id_ in seen or id_ not in graph:
            continue
        seen.add(id_)
        if text_inputs(graph, id_):
            found[id_] = None
        else:
            waiting += [
                link[0] for name, link in links_of(graph[id_]) if name in names or name not in SIDES
            ]
    return list(found)


def text_inputs(graph: Graph, id_: str) -> list[str]:
    """Return the inputs in which a graph node holds a text."""
    inputs = inputs_of(graph[id_])
    return [name for name in TEXTS if isinstance(inputs.get(name), str)]


def text(
    name: str, id_: str, graph: Graph, info: ObjectInfo, *, required: bool = False
) -> DraftInput:
    places = text_inputs(graph, id_)
    value = inputs_of(graph[id_])[places[0]]
    more = {"required": True} if required else {"default": value}
    item = {"type": "text", **more, **titled(graph, id_, info), "bind": binds(id_, places)}
    return DraftInput(name, item, value if required else None)
