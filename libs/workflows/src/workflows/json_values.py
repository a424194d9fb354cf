"""Reads JSON values of unknown shape without exceptions, and writes at a path such as `a.b.0`."""

from collections.abc import Mapping
from typing import Any, TypeGuard, cast


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether this is a JSON number: Python counts booleans as integers, JSON does not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_object(value: object) -> Mapping[str, Any]:
    """Return the value if it is an object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def as_array(value: object) -> list[Any]:
    """Return the value if it is an array, else an empty one."""
    return value if is_array(value) else []


def is_reachable(container: Any, path: str) -> bool:
    """Tell whether every step but the last exists, so that `with_at` can write there."""
    *way, last = path.split(".")
    for step in way:
        if is_array(container) and has_index(container, step):
            container = container[int(step)]
        elif is_object(container):
            container = container.get(step)
        else:
            return False
    return has_index(container, last) if is_array(container) else is_object(container)


def has_index(items: list[Any], step: str) -> bool:
    return step.isdecimal() and int(step) < len(items)


def with_at(container: Any, steps: list[str], value: Any) -> Any:
    """Return a copy of `container` that holds `value` at the place that `steps` lead to."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if is_array(container):
        items = list(container)
        items[int(step)] = with_at(items[int(step)], rest, value)
        return items
    entries = cast("dict[str, Any]", container)
    return {**entries, step: with_at(entries.get(step), rest, value)}
