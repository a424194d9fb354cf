"""Which texts of a graph are prompts: found by the links that lead to its samplers."""

from collections.abc import Iterator, Sequence

from workflows.graph import Graph, class_of, inputs_of, links_of
from workflows.suggestion import Info, Suggestion, binds, titled

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
SIDES = frozenset({"positive", "negative"})
"""A graph node that has both, as ControlNetApply, passes each on to its own side."""


def prompts(graph: Graph, info: Info) -> Iterator[Suggestion]:
    """Texts that reach a sampler as what to show and what not; every other text encoder."""
    wanted = texts_behind(graph, POSITIVE)
    unwanted = [id_ for id_ in texts_behind(graph, ("negative",)) if id_ not in wanted]
    others = [id_ for id_, node in graph.items() if class_of(node).startswith("CLIPTextEncode")]
    for id_ in wanted:
        yield text("prompt", id_, graph, info, required=True)
    for id_ in unwanted:
        yield text("negative", id_, graph, info)
    for id_ in others:
        if id_ not in wanted and id_ not in unwanted and literals(graph, id_):
            yield text("text", id_, graph, info)


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
