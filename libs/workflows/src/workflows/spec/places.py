"""Ways into an object or list held by a graph node's input, as `a.b.0`."""

from typing import Any, TypeGuard, cast


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether this is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def is_reachable(container: Any, path: str) -> bool:
    """Whether all but the last step is there, so that `with_at` can write."""
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
    """A copy of `container` in which the place that `steps` lead to holds `value`."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if is_array(container):
        items = list(container)
        items[int(step)] = with_at(items[int(step)], rest, value)
        return items
    entries = cast("dict[str, Any]", container)
    return {**entries, step: with_at(entries.get(step), rest, value)}
