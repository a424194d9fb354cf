"""Brings the saved values of a graph node into the order of its class's widgets.

Older editors saved a value for inputs that are sockets now, and none for widgets that take one now.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workflows.convert.classes import Declared, is_dynamic_combo, option_inputs
from workflows.convert.saved_file import SavedNode
from workflows.convert.widget_types import DYNAMIC_GROUP
from workflows.convert.widgets import default, slots
from workflows.json_values import as_object


def in_order(inputs: list[Declared], node: SavedNode) -> list[Any]:
    """Return the values for the widgets' slots (`migrateWidgetsValues` in litegraphUtil.ts).

    An object holds them in this order only if it has as many as the class has slots.
    """
    is_object = isinstance(node.widgets_values, Mapping)
    values = list(as_object(node.widgets_values).values()) if is_object else node.values
    places = list(dummy_places(inputs))
    own = list(slot_places(inputs))
    if not any(places) and not is_object and len(values) == sum(own):
        return values
    compact = [value for place, value in enumerate(values) if place >= len(own) or own[place]]
    aligned = next((held for held in (compact, values) if len(held) == len(places)), None)
    if aligned is None or any(entry.widget_type == DYNAMIC_GROUP for entry in inputs):
        return [] if is_object else values
    return [value for value, is_dummy in zip(aligned, places, strict=True) if not is_dummy]


def dummy_places(inputs: Iterable[Declared]) -> Iterator[bool]:
    """Tell for each value of an old file whether its input is a socket now."""
    for entry in inputs:
        if entry.is_forced:
            yield True
        elif not entry.is_widget or not entry.kind.slots:
            continue
        else:
            yield False
        if counts_twice(entry):
            yield False


def counts_twice(entry: Declared) -> bool:
    named = entry.name in ("seed", "noise_seed")
    return named or bool(entry.options.get("control_after_generate"))


def slot_places(inputs: Iterable[Declared]) -> Iterator[bool]:
    """Tell for each widget of a new graph node, and its buttons, whether it takes a slot."""
    for entry in inputs:
        if not entry.is_widget:
            continue
        yield from [True] * slots(entry) or [False]
        if is_dynamic_combo(entry):
            yield from slot_places(option_inputs(entry, default(entry)))
