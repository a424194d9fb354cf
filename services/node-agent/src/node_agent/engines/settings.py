"""Reads the settings that a node gives its engine; each engine declares a model of its own."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contracts.errors import InvalidError
from contracts.scheduler.nodes import NodeEntry

S = TypeVar("S", bound=BaseModel)


def engine_settings(kind: type[S], entry: NodeEntry, defaults: BaseModel | None = None) -> S:
    """Return the node's settings; `defaults` has values for settings that the node leaves out.

    Raises InvalidError that names the first setting which is unknown or has a wrong value.
    """
    known = defaults.model_dump(include=set(kind.model_fields)) if defaults else {}
    try:
        return kind.model_validate(known | entry.engine_settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        why = f"is not valid: {first['msg']}" if name in kind.model_fields else "is unknown"
        text = f"cannot be used: its engine setting {name[:40]!r} {why}"
        raise InvalidError(text, code="bad_setting") from error
