"""Reads spec, library and graph files, YAML or JSON, into plain JSON values.

YAML aliases are refused (a kilobyte of them can expand to gigabytes), and so are repeated keys
(the first value would be lost without notice). Dates stay texts.
"""

import json
from collections.abc import Hashable
from typing import Any

import yaml

from contracts.errors import InvalidError
from workflows.json_values import is_object

MOST_BYTES = 512 * 1024
"""Limit of one document, so that a version fits into one NATS message (architecture.md)."""


class PlainLoader(yaml.SafeLoader):
    """YAML loader that refuses aliases and repeated keys, and reads no dates."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
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
        raise InvalidError(f"{what}: not plain JSON: {error}", code="unreadable") from error
    if len(encoded) > MOST_BYTES:
        raise too_big(what)
    if "\\u0000" in text:
        raise InvalidError(f"{what}: contains the character NUL; remove it", code="unreadable")
    return encoded


def too_big(what: str) -> InvalidError:
    return InvalidError(f"{what}: larger than {MOST_BYTES // 1024} KiB", code="too_big")
