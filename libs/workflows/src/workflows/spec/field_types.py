"""Defines the field types that all models of a spec share: translated texts, exact numbers."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from workflows.json_values import is_number

Language: TypeAlias = Literal["en", "ru", "th"]
MOST_CHARACTERS = 4_000
MOST_OF_A_TITLE = 200
"""Every gateway holds the titles of all workflows in memory."""


class Strict(BaseModel):
    """A part of a spec: immutable, without silent conversion, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def as_translations(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


def translations(longest: int) -> WithJsonSchema:
    text = {"type": "string", "maxLength": longest}
    properties = dict.fromkeys(get_args(Language), text)
    return WithJsonSchema(
        {
            "oneOf": [
                text,
                {"type": "object", "properties": properties, "additionalProperties": False},
            ]
        }
    )


Text: TypeAlias = Annotated[
    dict[Language, Annotated[str, Field(max_length=MOST_CHARACTERS)]],
    BeforeValidator(as_translations),
    translations(MOST_CHARACTERS),
]
"""One text, or a text for each language; stored by language."""

Title: TypeAlias = Annotated[
    dict[Language, Annotated[str, Field(max_length=MOST_OF_A_TITLE)]],
    BeforeValidator(as_translations),
    translations(MOST_OF_A_TITLE),
]
"""A short text, with or without translations, for one line of a list."""


def in_english(text: Mapping[Language, str]) -> str:
    """Return the English text, or any other if there is none."""
    return text.get("en") or next(iter(text.values()), "")


def exact_number(value: Any) -> int | float:
    """Return a finite number as it was written: 2**64 must not pass through a float."""
    if not is_number(value) or not math.isfinite(value):
        raise ValueError("expected a number")
    return value


Number: TypeAlias = Annotated[
    int | float, PlainValidator(exact_number), WithJsonSchema({"type": "number"})
]

Scalar: TypeAlias = str | int | float | bool


def one_scalar(value: Any) -> Scalar:
    if isinstance(value, str | bool):
        return value
    try:
        return exact_number(value)
    except ValueError:
        raise ValueError("expected a text, a number or a boolean") from None


ScalarValue: TypeAlias = Annotated[
    Scalar,
    PlainValidator(one_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]


def is_same(value: object, other: object) -> bool:
    """Tell whether a person sees equal values: 1 is 1.0, but not true."""
    return isinstance(value, bool) == isinstance(other, bool) and value == other


def as_list(value: Any) -> Any:
    """Accept one object in place of a list that holds only this object."""
    return [value] if isinstance(value, Mapping) else value


def scalar_key(value: Scalar) -> str:
    """Return the key of `map` for a value: JSON keys are strings, YAML's may be booleans."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def with_string_keys(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    entries = cast("Mapping[Any, Any]", value)
    return {
        scalar_key(key) if isinstance(key, str | int | float) else key: item
        for key, item in entries.items()
    }
