"""Texts from people become plain JSON values: YAML or JSON in, nothing surprising out.

YAML is read without aliases (a kilobyte of them can stand for gigabytes), without repeated keys
(the first would be lost unseen) and without dates.
"""

import json
from collections.abc import Hashable
from typing import Any, cast

import yaml

from contracts.errors import InvalidError

MOST_BYTES = 512 * 1024
"""A version must fit into one NATS message (architecture.md)."""


class PlainLoader(yaml.SafeLoader):
    """YAML without aliases, repeated keys and dates."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read; use the parameter library")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  the signature is PyYAML's
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise yaml.MarkedYAMLError(
                problem="a key stands there twice", problem_mark=node.start_mark
            )
        return mapping


PlainLoader.yaml_implicit_resolvers = {
    first: [
        (tag, regexp) for tag, regexp in resolvers if not tag.endswith((":timestamp", ":merge"))
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_mapping(source: str | dict[str, Any], what: str) -> dict[str, Any]:
    """The mapping that a text (or an already parsed file) holds; Invalid says why not."""
    value = parse(source, what) if isinstance(source, str) else source
    if not isinstance(value, dict):
        raise InvalidError(f"{what}: expected a mapping at the top", code="unreadable")
    mapping = cast("dict[str, Any]", value)
    canonical_bytes(mapping, what)
    return mapping


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
    """One sequence of bytes for equal JSON values; Invalid if it is no JSON, or too much."""
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
        raise InvalidError(f"{what}: holds the character NUL", code="unreadable")
    return encoded


def too_big(what: str) -> InvalidError:
    return InvalidError(f"{what}: larger than {MOST_BYTES // 1024} KiB", code="too_big")
