"""Lays out the sockets and widgets of a class with the values of one graph node.

The values of a file carry no names; they go in order to the widgets that take a slot. A choice of
a dynamic combo adds inputs of its own, which take the next slots.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.convert.classes import Declared, format_inputs, group_inputs, option_inputs
from workflows.convert.javascript import number
from workflows.convert.saved_file import SavedNode
from workflows.convert.widget_types import (
    AUTOGROW,
    COMBO_OPTION,
    CONTROLS,
    DYNAMIC_COMBO,
    DYNAMIC_GROUP,
    MATCH_TYPE,
    Absent,
)
from workflows.convert.widgets import default, hold, slots
from workflows.json_values import as_array, as_object, is_number

MOST_GROWN = 1_000


@dataclass(frozen=True)
class Socket:
    """A place where a link can end; `type` decides which socket a bypassed graph node passes on."""

    name: str
    type: str
    link: str | None = None


@dataclass
class Layout:
    sockets: list[Socket] = field(default_factory=list[Socket])
    widgets: dict[str, Declared] = field(default_factory=dict[str, Declared])
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    left: dict[str, Any] = field(default_factory=dict[str, Any])
    """Saved values that no widget takes, by name or place."""


def lay_out(
    inputs: list[Declared], node: SavedNode, given: list[Any], named: Mapping[str, Any]
) -> Layout:
    """Deal the given values in order, or by name if there are any names."""
    layout, widget_sockets = Layout(), list[Socket]()
    values = deque(given)
    waiting = deque(inputs)
    while waiting:
        entry = waiting.popleft()
        if not entry.is_widget:
            layout.sockets += sockets_of(entry, node)
            continue
        found = [values.popleft() for _ in range(min(slots(entry), len(values)))]
        if named:
            found = [named[entry.name]] if entry.name in named else []
        value = hold(entry, found[0]) if found else default(entry)
        layout.widgets.setdefault(entry.name, entry)
        if isinstance(value, Absent):
            layout.values.pop(entry.name, None)
        else:
            layout.values[entry.name] = value
        widget_sockets.append(Socket(entry.name, entry.type))
        waiting.extendleft(reversed(followers(entry, value)))
    layout.sockets += widget_sockets
    layout.left = left_by_name(layout, named) if named else left_by_place(given, len(values))
    return layout


def left_by_name(layout: Layout, named: Mapping[str, Any]) -> dict[str, Any]:
    parts = {part for widget in layout.widgets.values() for part in widget.kind.parts}
    known = {*layout.widgets, *CONTROLS, *parts}
    return {name: value for name, value in named.items() if name not in known}


def left_by_place(given: list[Any], count: int) -> dict[str, Any]:
    start = len(given) - count
    return {f"{place}": value for place, value in enumerate(given[start:], start)}


def followers(widget: Declared, value: Any) -> list[Declared]:
    """Return the inputs that this value adds."""
    if widget.widget_type == DYNAMIC_COMBO:
        return option_inputs(widget, value)
    if "formats" in widget.options:
        return format_inputs(widget, value)
    if widget.widget_type == DYNAMIC_GROUP and is_number(value):
        return group_inputs(widget, int(min(max(number(value, 0), 0), MOST_GROWN)))
    if widget.widget_type == COMBO_OPTION and value and not isinstance(value, Absent):
        place = int(widget.name.removeprefix("option"))
        return [replace(widget, name=f"option{place + 1}")]
    return []


def sockets_of(entry: Declared, node: SavedNode) -> Iterator[Socket]:
    template = as_object(entry.options.get("template"))
    if entry.type == AUTOGROW:
        yield from grown(entry.name, template, node)
    elif entry.type == MATCH_TYPE:
        allowed = template.get("allowed_types")
        yield Socket(entry.name, allowed if isinstance(allowed, str) else "*")
    else:
        yield Socket(entry.name, entry.type)


def grown(group: str, template: Mapping[str, Any], node: SavedNode) -> Iterator[Socket]:
    """Yield the smallest number of sockets, and those that the file holds; gaps stay gaps."""
    inputs = as_object(template.get("input"))
    kinds = {
        name: next(iter(as_array(spec)), "*")
        for key in ("required", "optional")
        for name, spec in as_object(inputs.get(key)).items()
    }
    least = int(min(max(number(template.get("min"), 1), 0), MOST_GROWN))
    names = [name for name in as_array(template.get("names")) if isinstance(name, str)]
    prefix = template.get("prefix") if len(kinds) == 1 else None
    sockets: dict[str, str] = {}
    for place in range(least):
        for name, kind in kinds.items():
            start = prefix if isinstance(prefix, str) else "" if len(kinds) == 1 else name
            own = names[place : place + 1] if names else [f"{start}{place}"]
            sockets.update((f"{group}.{each}", text_of(kind)) for each in own)
    kind = text_of(next(iter(kinds.values()), "*"))
    for entry in node.inputs:
        if entry.name.startswith(f"{group}."):
            sockets.setdefault(entry.name, kind)
    for name, type_ in sockets.items():
        yield Socket(name, type_)


def text_of(kind: object) -> str:
    return kind if isinstance(kind, str) else "COMBO"
