"""Clamps and rounds a primitive node's number as the widget that takes it does.

Only numbers of primitive nodes are changed; a saved value is sent as it was saved.
"""

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from workflows.convert.classes import Declared
from workflows.convert.javascript import number
from workflows.json_values import is_number

EDITOR_MAX = 2048
"""The editor limits a number without declared limits to 0 and this."""


def as_written(widget: Declared, value: Any) -> Any:
    """Return the value that the widget accepts from a primitive node."""
    if widget.widget_type not in ("INT", "FLOAT") or not is_number(value):
        return value
    if not math.isfinite(value):
        return value
    return rounded_int(widget, value) if widget.widget_type == "INT" else rounded(widget, value)


def rounded_int(widget: Declared, value: float) -> float:
    """Round to a multiple of `step`, offset by the remainder of the minimum."""
    low, high = bounds(widget)
    step = number(widget.options.get("step"), 1) or 1
    shift = math.fmod(low, step)
    within = min(max(value, low), high)
    return nearest(within, step, shift)


def rounded(widget: Declared, value: float) -> float:
    low, high = bounds(widget)
    step = abs(number(widget.options.get("step"), 0.5)) or 0.5
    places = min(max(0, -math.floor(math.log10(step))), 100)
    given = widget.options.get("round")
    if given is False:
        return min(max(value, low), high)
    to = abs(number(given, 0)) or 10.0**-places
    return min(max(round_places(nearest(value, to, 0), places), low), high)


def bounds(widget: Declared) -> tuple[float, float]:
    low, high = number(widget.options.get("min"), 0), number(widget.options.get("max"), EDITOR_MAX)
    return low, high


def nearest(value: float, step: float, shift: float) -> float:
    """Return the nearest multiple of `step`, halves upwards as in JavaScript."""
    if isinstance(value, int) and isinstance(step, int) and float(shift).is_integer():
        return (value - int(shift) + step // 2) // step * step + int(shift)
    count = (value - shift) / step
    return math.floor(count + 0.5) * step + shift if math.isfinite(count) else value


def round_places(value: float, places: int) -> float:
    """Round like JavaScript's `toFixed`: halves of the exact binary value away from zero."""
    unit = Decimal(1).scaleb(-places)
    return float(Decimal(value).quantize(unit, ROUND_HALF_UP, Context(prec=500)))
