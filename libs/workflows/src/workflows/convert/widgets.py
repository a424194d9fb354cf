"""Decides for one widget how many saved values it takes, and which value it holds.

A widget takes slots, the entries of `widgets_values`: the first is its value, the others are
buttons.
"""

from typing import Any, Final

from workflows.convert.classes import (
    BROWSER_ONLY,
    COMBO_OPTION,
    DYNAMIC_COMBO,
    PREVIEW_TEXT,
    Declared,
)
from workflows.convert.javascript import browser_text
from workflows.json_values import as_array, as_object


class Absent:
    """JavaScript's undefined: such an input is not sent."""


ABSENT: Final = Absent()
WITHOUT_SLOT = frozenset({"AUDIO_UI", PREVIEW_TEXT})
ALWAYS_EMPTY = frozenset({"AUDIO_UI", "PREVIEW_3D", PREVIEW_TEXT})
ZERO: dict[str, Any] = {
    "INT": 0,
    "FLOAT": 0,
    "BOOLEAN": False,
    "STRING": "",
    "MARKDOWN": "",
    "TEXTAREA": "",
    "AUDIO_RECORD": "",
    COMBO_OPTION: "",
}


def slots(widget: Declared) -> int:
    """Return the number of entries of `widgets_values` that belong to the widget."""
    kind = widget.widget_type
    if kind in WITHOUT_SLOT:
        return 0
    if kind in BROWSER_ONLY:
        return 4
    if kind == "COMBO":
        return 1 + 2 * widget.has_control + remote_buttons(widget)
    return 1 + widget.has_control


def remote_buttons(widget: Declared) -> int:
    """Count the refresh switch, and maybe a button, of a combo that a route fills."""
    remote = as_object(widget.options.get("remote"))
    return (1 + bool(remote.get("refresh_button"))) if remote else 0


def default(widget: Declared) -> Any:
    """Return the value that the widget holds if the file has none."""
    kind = widget.widget_type
    if kind in ("COMBO", DYNAMIC_COMBO):
        return combo_default(widget)
    given = widget.options.get("default")
    return hold(widget, given if given is not None else ZERO.get(kind, ABSENT))


def combo_default(widget: Declared) -> Any:
    first = next(iter(widget.choices), ABSENT)
    if widget.widget_type == DYNAMIC_COMBO:
        first = as_object(first).get("key", ABSENT)
    return hold(widget, widget.options.get("default") or first)


def hold(widget: Declared, value: Any) -> Any:
    """Return the value as the widget keeps it: only texts and uploads change it."""
    kind = widget.widget_type
    if kind in ALWAYS_EMPTY:
        return ""
    if kind == "COMBO" and widget.is_upload:
        return uploaded(widget, value)
    if isinstance(value, Absent):
        return value
    if is_text_area(widget):
        text = "" if value is None else browser_text(value)
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return value


def is_text_area(widget: Declared) -> bool:
    kind = widget.widget_type
    return kind == "MARKDOWN" or (kind == "STRING" and bool(widget.options.get("multiline")))


def uploaded(widget: Declared, value: Any) -> Any:
    """Return the name of an uploaded file, which old files hold as an object or a list."""
    entries = as_array(value)
    given = (entries[0] if entries else None) if isinstance(value, list) else value
    if file := as_object(given):
        subfolder, name = file.get("subfolder"), browser_text(file.get("filename"))
        return f"{browser_text(subfolder)}/{name}" if subfolder else name
    if given and not isinstance(given, Absent):
        return given
    fallback = widget.options.get("default") or next(iter(widget.choices), None)
    return "undefined" if fallback is None else browser_text(fallback)
