"""Lays out the sockets and widgets of a class with the values of one graph node.

The values of a file carry no names; they go in order to the widgets that take a slot. A choice of
a dynamic combo adds inputs of its own, which take the next slots.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.convert.classes import (
    AUTOGROW,
    COMBO_OPTION,
    DYNAMIC_COMBO,
    MATCH_TYPE,
    Declared,
    option_inputs,
)
from workflows.convert.javascript import number
from workflows.convert.saved_file import SavedNode
from workflows.convert.widgets import ABSENT, Absent, default, hold, slots
from workflows.json_values import as_array, as_object

MOST_GROWN = 1_000


@dataclass(frozen=True)
class Socket:
    """A place where a link can end; `type` decides which socket a bypassed graph node passes on."""

    name: str
    type: str
    link: str | None = None
    group: str | None = None
    """The growing list of sockets to which this one belongs."""


@dataclass
class Layout:
    sockets: list[Socket] = field(default_factory=list[Socket])
    widgets: dict[str, Declared] = field(default_factory=dict[str, Declared])
    values: dict[str, Any] = field(default_factory=dict[str, Any])


def lay_out(inputs: list[Declared], node: SavedNode, named: Mapping[str, Any]) -> Layout:
    """Deal the saved values, in order or by name as far as they are `named`."""
    layout, widget_sockets = Layout(), list[Socket]()
    is_lost = isinstance(node.widgets_values, Mapping) and not named
    values = deque(migrated(inputs, node.values))
    waiting = deque(inputs)
    while waiting:
        entry = waiting.popleft()
        if not entry.is_widget:
            layout.sockets += sockets_of(entry, node)
            continue
        found = [values.popleft() for _ in range(min(slots(entry), len(values)))]
        if entry.name in named:
            value = hold(entry, named[entry.name])
        elif found:
            value = hold(entry, found[0])
        else:
            value = ABSENT if is_lost else default(entry)
        layout.widgets.setdefault(entry.name, entry)
        if isinstance(value, Absent):
            layout.values.pop(entry.name, None)
        else:
            layout.values[entry.name] = value
        widget_sockets.append(Socket(entry.name, entry.type))
        waiting.extendleft(reversed(followers(entry, value)))
    layout.sockets += widget_sockets
    return layout


def followers(widget: Declared, value: Any) -> list[Declared]:
    """Return the inputs that this value adds."""
    if widget.widget_type == DYNAMIC_COMBO:
        return option_inputs(widget, value)
    if widget.widget_type == COMBO_OPTION and value and not isinstance(value, Absent):
        place = int(widget.name.removeprefix("option"))
        return [replace(widget, name=f"option{place + 1}")]
    return []


def migrated(inputs: list[Declared], values: list[Any]) -> list[Any]:
    """Drop values of inputs that are now sockets, which old files hold; pair them by index.

    Like the editor, ignore the slot of "control after generate" in this pairing.
    """
    counted = [entry for entry in inputs if entry.is_widget or entry.is_forced]
    if sum(1 + counts_twice(entry) for entry in counted) != len(values):
        return values
    forced = {place for place, entry in enumerate(counted) if entry.is_forced}
    return [value for place, value in enumerate(values) if place not in forced]


def counts_twice(entry: Declared) -> bool:
    named = entry.name in ("seed", "noise_seed")
    return named or bool(entry.options.get("control_after_generate"))


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
    """Yield the smallest number of sockets, or as many as the file holds."""
    names = [name for name in as_array(template.get("names")) if isinstance(name, str)]
    most = int(min(number(template.get("max"), 100), MOST_GROWN))
    prefix = template.get("prefix")
    names = names or [f"{prefix if isinstance(prefix, str) else ''}{n}" for n in range(most)]
    saved = sum(entry.name.startswith(f"{group}.") for entry in node.inputs)
    least = int(min(number(template.get("min"), 0), MOST_GROWN))
    for name in names[: max(least, saved)]:
        yield Socket(f"{group}.{name}", grown_type(template), group=group)


def grown_type(template: Mapping[str, Any]) -> str:
    inputs = as_object(template.get("input"))
    for specs in (as_object(inputs.get("required")), as_object(inputs.get("optional"))):
        for spec in specs.values():
            kind = next(iter(as_array(spec)), "*")
            return kind if isinstance(kind, str) else "COMBO"
    return "*"
