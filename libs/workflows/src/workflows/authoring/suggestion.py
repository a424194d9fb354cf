"""One input of a drafted spec, and the words that its graph node brings along."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from workflows.graph.graph import Graph, class_of
from workflows.spec.places import is_object

Info = Mapping[str, Mapping[str, Any]]
"""ComfyUI's `object_info`, by class."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One input of the draft, and a value for a first try."""

    name: str
    input: dict[str, Any] = field(default_factory=dict[str, Any])
    example: Any = None


def titled(graph: Graph, id_: str, info: Info) -> dict[str, str]:
    """The graph node's title, if a person gave it one."""
    node = graph[id_]
    meta: Any = node.get("_meta")
    title = meta.get("title") if is_object(meta) else None
    usual = {class_of(node), info.get(class_of(node), {}).get("display_name"), None, ""}
    if not isinstance(title, str) or title in usual or squeezed(title) == squeezed(class_of(node)):
        return {}
    return {"title": title[:100]}


def squeezed(title: str) -> str:
    return re.sub(r"[^a-z]", "", title.lower())


def binds(id_: str, names: Iterable[str]) -> list[dict[str, str]]:
    return [{"node": id_, "input": name} for name in names]


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
