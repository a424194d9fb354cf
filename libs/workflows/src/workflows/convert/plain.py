"""Values of unknown shape, read the way a browser would: never an exception but Invalid."""

import math
from collections.abc import Mapping
from typing import Any, cast

from contracts.errors import FieldError, InvalidError

MOST_NESTED = 32
"""Deeper than any editor writes; a text of it would cost more than it is worth."""


def refusal(path: str, code: str, message: str) -> InvalidError:
    """Why this graph cannot be converted, said at one place of it."""
    path, message = sayable(path), sayable(message)
    error = FieldError(path=path, code=code, message=message)
    return InvalidError(
        f"The workflow cannot be converted: {path}: {message}",
        code="cannot_convert",
        errors=[error],
    )


def sayable(text: str) -> str:
    """The start of a text that can be sent: a file may hold halves of characters."""
    return text[:300].encode(errors="replace").decode()


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def listing(value: object) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: object, default: float) -> float:
    return (
        cast("float", value)
        if is_number(value) and math.isfinite(cast("float", value))
        else default
    )


def browser_text(value: object, depth: int = 0) -> str:
    """What JavaScript's `String(value)` says; null inside an array is empty."""
    if depth > MOST_NESTED:
        raise refusal("nodes", "too_deep", "a value is nested too deeply")
    match value:
        case str():
            return value
        case None:
            return "null" if depth == 0 else ""
        case bool():
            return "true" if value else "false"
        case list():
            entries = cast("list[object]", value)
            return ",".join(browser_text(entry, depth + 1) for entry in entries)
        case int() | float():
            return number_text(value)
        case _:
            return "[object Object]"


def number_text(value: float) -> str:
    """JavaScript has one kind of number: 1.0 is `1`, and 1e-07 is `1e-7`."""
    if isinstance(value, int) and abs(value) > 2**1023:
        return "Infinity" if value > 0 else "-Infinity"
    real = float(value)
    if real != real or real in (float("inf"), float("-inf")):  # noqa: PLR0124  NaN alone differs from itself
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(real)]
    if real.is_integer() and abs(real) < 1e21:  # noqa: PLR2004  where JavaScript turns to exponents
        return str(int(real))
    return repr(real).replace("e-0", "e-")
