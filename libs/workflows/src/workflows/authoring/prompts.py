"""Which texts of a graph are prompts: by the links to its samplers, else by their names."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from workflows.authoring.suggestion import Info, Suggestion, binds, titled
from workflows.compatibility.fits import declared_inputs
from workflows.graph.graph import Graph, class_of, inputs_of, links_of

POSITIVE = ("positive", "conditioning")
TEXTS = (
    "text",
    "prompt",
    "text_g",
    "text_l",
    "clip_l",
    "t5xxl",
    "string",
    "value",
    "text_positive",
)
CALLED: Mapping[str, str] = {
    **dict.fromkeys(("prompt", "prompt_text", "positive_prompt", "user_prompt"), "prompt"),
    "negative_prompt": "negative",
    **{name: name for name in ("text", "tags", "lyrics")},
}
"""What graph nodes without a sampler behind them, as those of paid services, call their texts."""
SIDES = frozenset({"positive", "negative"})
"""A graph node that has both, as ControlNetApply, passes each on to its own side."""


def prompts(graph: Graph, info: Info) -> Iterator[Suggestion]:
    """Texts that reach a sampler as what to show and what not; then every other one."""
    wanted = texts_behind(graph, POSITIVE) or texts_behind(graph, ("prompt",))
    unwanted = [id_ for id_ in texts_behind(graph, ("negative",)) if id_ not in wanted]
    found = {*wanted, *unwanted}
    others = [id_ for id_, node in graph.items() if class_of(node).startswith("CLIPTextEncode")]
    for id_ in wanted:
        yield text("prompt", id_, graph, info, required=True)
    for id_ in unwanted:
        yield text("negative", id_, graph, info)
    for id_ in others:
        if id_ not in found and literals(graph, id_):
            yield text("text", id_, graph, info)
    yield from called(graph, info, found.union(others))


def called(graph: Graph, info: Info, found: Collection[str]) -> Iterator[Suggestion]:
    """Texts by the names of their inputs, and those that a class wants several lines of."""
    for id_, node in graph.items():
        long = long_texts(class_of(node), info)
        for name, value in inputs_of(node).items():
            is_text = isinstance(value, str) and long.get(name, name in CALLED)
            if is_text and id_ not in found:
                item = {"type": "text", "default": value, **titled(graph, id_, info)}
                yield Suggestion(CALLED.get(name, name), item | {"bind": binds(id_, [name])})


def long_texts(class_: str, info: Info) -> Mapping[str, bool]:
    """For each input of a known class, whether it is a text of several lines, or called one."""
    return {
        name: kind == "STRING" and (name in CALLED or bool(options.get("multiline")))
        for name, kind, options in declared(class_, info)
    }


def declared(class_: str, info: Info) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    for name, _, entry in declared_inputs(info.get(class_, {})):
        yield name, entry[0], entry[1] if len(entry) > 1 else {}


def texts_behind(graph: Graph, names: Sequence[str]) -> list[str]:
    """The graph nodes that hold the texts behind these inputs, nearest first."""
    waiting = [link[0] for node in graph.values() for name, link in links_of(node) if name in names]
    found: dict[str, None] = {}
    seen: set[str] = set()
    while waiting:
        id_ = waiting.pop(0)
        if id_ in seen or id_ not in graph:
            continue
        seen.add(id_)
        if literals(graph, id_):
            found[id_] = None
        else:
            waiting += [
                link[0] for name, link in links_of(graph[id_]) if name in names or name not in SIDES
            ]
    return list(found)


def literals(graph: Graph, id_: str) -> list[str]:
    """The names under which a graph node holds a text of a person's."""
    inputs = inputs_of(graph[id_])
    return [name for name in TEXTS if isinstance(inputs.get(name), str)]


def text(name: str, id_: str, graph: Graph, info: Info, *, required: bool = False) -> Suggestion:
    places = literals(graph, id_)
    value = inputs_of(graph[id_])[places[0]]
    more = {"required": True} if required else {"default": value}
    item = {"type": "text", **more, **titled(graph, id_, info), "bind": binds(id_, places)}
    return Suggestion(name, item, value if required else None)
