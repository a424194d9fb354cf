"""Builds one input of a drafted spec from a graph node's title and inputs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.compatibility.object_info import ObjectInfo
from workflows.graph.graph import Graph, class_of
from workflows.json_values import as_object


@dataclass(frozen=True, slots=True)
class DraftInput:
    """One input of the draft, and a value for the spec's example."""

    name: str
    input: dict[str, Any]
    example: Any = None


def title_of(node: Mapping[str, Any]) -> Any:
    return as_object(node.get("_meta")).get("title")


def titled(graph: Graph, id_: str, object_info: ObjectInfo) -> dict[str, str]:
    """Return the graph node's title, if a person gave it one."""
    class_, title = class_of(graph[id_]), title_of(graph[id_])
    usual = {class_, object_info.get(class_, {}).get("display_name"), None, ""}
    if not isinstance(title, str) or title in usual or letters(title) == letters(class_):
        return {}
    return {"title": title[:100]}


def letters(title: str) -> str:
    return re.sub(r"[^a-z]", "", title.lower())


def binds(id_: str, names: Iterable[str]) -> list[dict[str, str]]:
    return [{"node": id_, "input": name} for name in names]
