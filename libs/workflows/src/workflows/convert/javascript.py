"""Converts JSON values to numbers and texts as JavaScript does in ComfyUI's editor."""

import math
from typing import cast

from workflows.convert.refusal import refusal
from workflows.json_values import is_number

MOST_NESTED = 32
"""No editor nests values deeper, and the text of a deeper value would be too costly."""


def number(value: object, default: float) -> float:
    return value if is_number(value) and math.isfinite(value) else default


def browser_text(value: object, depth: int = 0) -> str:
    """Return JavaScript's `String(value)`; null inside an array is empty."""
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
    """Return JavaScript's text of a number: 1.0 is `1`, and 1e-07 is `1e-7`."""
    if isinstance(value, int) and abs(value) > 2**1023:
        return "Infinity" if value > 0 else "-Infinity"
    real = float(value)
    if not math.isfinite(real):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(real)]
    if real.is_integer() and abs(real) < 1e21:  # noqa: PLR2004  JavaScript uses exponents from here
        return str(int(real))
    return repr(real).replace("e-0", "e-")
