"""Reading JSON that somebody else wrote: the wrong shape is empty, never an error."""

from collections.abc import Mapping, Sequence
from typing import Any, cast


def mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list) else ()


def texts(value: object) -> list[str]:
    return [item for item in items(value) if isinstance(item, str)]
