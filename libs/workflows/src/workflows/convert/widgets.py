"""Decides for one widget how many saved values it takes, and which value it holds.

A widget takes slots, the entries of `widgets_values`: the first is its value, the others are
parts of the value and buttons.
"""

from typing import Any

from workflows.convert.classes import Declared, is_dynamic_combo
from workflows.convert.javascript import browser_text, number
from workflows.convert.widget_types import ABSENT, DYNAMIC_GROUP, Absent
from workflows.json_values import as_object


def slots(widget: Declared) -> int:
    """Return the number of entries of `widgets_values` that belong to the widget."""
    if widget.widget_type == "COMBO":
        return 1 + 2 * widget.has_control + remote_buttons(widget)
    return widget.kind.slots + widget.has_control


def remote_buttons(widget: Declared) -> int:
    """Count the refresh switch, and maybe a button, of a combo that a route fills."""
    remote = as_object(widget.options.get("remote"))
    return (1 + bool(remote.get("refresh_button"))) if remote else 0


def default(widget: Declared) -> Any:
    """Return the value that the widget holds if the file has none."""
    if widget.widget_type == "COMBO":
        return [] if widget.options.get("multi_select") else combo_default(widget)
    if is_dynamic_combo(widget):
        return first_choice(widget)
    if widget.widget_type == DYNAMIC_GROUP:
        return number(widget.options.get("min"), 0)
    given = widget.options.get("default")
    return hold(widget, given if given is not None else widget.kind.default)


def combo_default(widget: Declared) -> Any:
    return widget.options.get("default") or first_choice(widget)


def first_choice(widget: Declared) -> Any:
    first = next(iter(widget.choices), ABSENT)
    return as_object(first).get("key", ABSENT) if is_dynamic_combo(widget) else first


def hold(widget: Declared, value: Any) -> Any:
    """Return the value as the widget keeps it: only texts and choices change it."""
    if not isinstance(widget.kind.constant, Absent):
        return widget.kind.constant
    if isinstance(value, Absent):
        return value
    if is_text_area(widget):
        return "" if value is None else browser_text(value)
    return chosen(widget, value)


def chosen(widget: Declared, value: Any) -> Any:
    """Return the first choice in place of null, as the editor does when it opens a file."""
    is_choice = widget.widget_type == "COMBO" or is_dynamic_combo(widget)
    if value is not None or not is_choice:
        return value
    first = first_choice(widget)
    return value if isinstance(first, Absent) else first


def is_text_area(widget: Declared) -> bool:
    kind = widget.widget_type
    return kind == "MARKDOWN" or (kind == "STRING" and bool(widget.options.get("multiline")))
