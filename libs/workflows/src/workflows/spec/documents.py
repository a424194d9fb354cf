"""Reads spec, library and graph files, YAML or JSON, into plain JSON values.

YAML aliases are refused (a kilobyte of them can expand to gigabytes), and so are repeated keys
(the first value would be lost without notice). Dates stay texts.
"""

import json
import math
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.composer import Composer

from contracts.errors import FieldError, InvalidError
from workflows.json_values import is_array, is_object

FINITE = "expected a finite number"
GRAPH_NODE_KEYS = frozenset({"class_type", "inputs", "_meta"})
MOST_BYTES = 512 * 1024
"""Limit of one document, so that a version fits into one NATS message (architecture.md)."""


class PlainLoader(Composer, yaml.CSafeLoader):
    """YAML loader that refuses aliases and repeated keys, and reads no dates.

    It parses in C, and composes in Python, where it sees each alias. Parsing in Python takes five
    times as long, which was half of the time in which the registry starts (measured).
    """

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):  # pyright: ignore[reportUnknownMemberType]  # in C
            problem = "aliases are not allowed; share definitions in the parameter library"
            raise yaml.MarkedYAMLError(problem=problem)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  the signature is PyYAML's
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise yaml.MarkedYAMLError(problem="a key appears twice", problem_mark=node.start_mark)
        return mapping


PlainLoader.yaml_implicit_resolvers = {
    first: [
        (tag, regexp) for tag, regexp in resolvers if not tag.endswith((":timestamp", ":merge"))
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_mapping(source: str | dict[str, Any], what: str) -> dict[str, Any]:
    """Return the mapping in a text or an already parsed file; raise Invalid with the reason."""
    value = parse(source, what) if isinstance(source, str) else source
    if not is_object(value):
        raise InvalidError(f"{what}: expected a mapping at the top", code="unreadable")
    canonical_bytes(value, what)
    return value


def read_graph(source: str | dict[str, Any]) -> dict[str, Any]:
    """Return the graph in a text or an already parsed file; raise Invalid with the reason.

    Keys of graph nodes that do not run are left out: ComfyUI writes its cache's `is_changed` into
    pictures, which can hold NaN.
    """
    value = parse(source, "graph") if isinstance(source, str) else source
    if is_object(value):
        value = {id_: as_it_runs(node) for id_, node in value.items()}
    return read_mapping(value, "graph")


def as_it_runs(node: Any) -> Any:
    if not is_object(node) or "class_type" not in node:
        return node
    return {key: value for key, value in node.items() if key in GRAPH_NODE_KEYS}


def parse(text: str, what: str) -> Any:
    if len(text) > MOST_BYTES:
        raise too_big(what)
    try:
        if text.lstrip().startswith("{"):
            return json.loads(text)
        return yaml.load(text, PlainLoader)  # noqa: S506  PlainLoader is a SafeLoader
    except (ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InvalidError(f"{what}: cannot be read: {reason}", code="unreadable") from error
    except RecursionError:
        raise InvalidError(f"{what}: nested too deeply", code="unreadable") from None


def canonical_bytes(value: dict[str, Any], what: str) -> bytes:
    """Encode equal JSON values as equal bytes; raise Invalid if it is no JSON or too big."""
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        encoded = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        if path := path_of_infinite(value):
            found = FieldError(path=f"{what}.{path}", code="not_finite", message=FINITE)
            message = f"{what}: {path}: {FINITE}"
            raise InvalidError(message, code="unreadable", errors=[found]) from error
        raise InvalidError(f"{what}: not plain JSON: {error}", code="unreadable") from error
    if len(encoded) > MOST_BYTES:
        raise too_big(what)
    if "\\u0000" in text:
        raise InvalidError(f"{what}: contains the character NUL; remove it", code="unreadable")
    return encoded


def path_of_infinite(value: object) -> str | None:
    """Return the path of a number that JSON cannot hold, NaN or an infinity."""
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        path, entry = waiting.pop()
        if isinstance(entry, float) and not math.isfinite(entry):
            return path[1:]
        if is_object(entry):
            waiting += [(f"{path}.{key}", part) for key, part in entry.items()]
        elif is_array(entry):
            waiting += [(f"{path}.{index}", part) for index, part in enumerate(entry)]
    return None


def too_big(what: str) -> InvalidError:
    return InvalidError(f"{what}: larger than {MOST_BYTES // 1024} KiB", code="too_big")
