"""Turns the values that widgets hold into those that the editor sends, within a budget of bytes."""

import json
from collections.abc import Mapping
from typing import Any

from workflows.convert.classes import CUSTOM_COMBO
from workflows.convert.marks import carried
from workflows.convert.preparation import Prepared
from workflows.convert.refusal import refusal
from workflows.convert.scopes import Scope
from workflows.convert.texts import SAVERS, Placeholders, first_choices
from workflows.convert.widget_types import COMBO_INDEX, COMBO_OPTION, VIEWPORT
from workflows.json_values import as_object

MOST_BYTES = 8 * 1024 * 1024
"""Limit of all values together: each instance repeats the values that the file holds once."""
CAMERA = {
    "position": {"x": 10, "y": 10, "z": 10},
    "target": {"x": 0, "y": 0, "z": 0},
    "zoom": 1,
    "cameraType": "perspective",
}
"""Where the editor's camera stands in a 3D view that nobody turned (CameraManager.ts)."""


class SentValues:
    """Counts the bytes of all values of one file."""

    def __init__(self, scopes: list[Scope]) -> None:
        self.placeholders = Placeholders(scopes)
        self.left = MOST_BYTES

    def of_widgets(self, scope: Scope, node: Prepared) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        values = scope.values[node.saved.id]
        for name, widget in node.widgets.items():
            if not widget.kind.is_sent:
                continue
            if widget.widget_type == VIEWPORT:
                inputs[name] = viewport(node)
            elif name in values:
                value = self.rewritten(node, name, values[name])
                sent = self.wrapped(value, scope.path_of(node))
                is_curve = widget.widget_type == "CURVE" and value is not None
                inputs[name] = {"__type__": "CURVE", "__value__": value} if is_curve else sent
        return inputs

    def rewritten(self, node: Prepared, name: str, value: Any) -> Any:
        """Return a text with its dynamic prompts and placeholders replaced."""
        if not isinstance(value, str):
            return value
        is_dynamic = node.widgets[name].options.get("dynamicPrompts")
        text = first_choices(value) if is_dynamic else value
        if name == "filename_prefix" and node.saved.type in SAVERS:
            text = self.placeholders.replace(text)
        return carried(value, text)

    def wrapped(self, value: Any, id_: str) -> Any:
        """Wrap a list, which would look like a link; the server unwraps it."""
        try:
            self.left -= len(json.dumps(value))
        except (TypeError, ValueError, RecursionError):
            raise refusal(f"nodes.{id_}", "not_json", "a value is not plain JSON") from None
        if self.left < 0:
            message = f"the values up to here are larger than {MOST_BYTES // 1024**2} MiB"
            raise refusal(f"nodes.{id_}", "too_big", message)
        wrapped = {"__value__": value}
        return wrapped if isinstance(value, list) else value


def viewport(node: Prepared) -> dict[str, Any]:
    """Return the state of a 3D view that sends no picture."""
    saved = as_object(as_object(node.saved.properties).get("Camera Config")).get("state")
    return {
        "image": "",
        "mask": "",
        "normal": "",
        "camera_info": saved if isinstance(saved, Mapping) else CAMERA,
        "recording": "",
        "model_3d_info": [],
    }


def with_index(node: Prepared, inputs: dict[str, Any], own: Mapping[str, Any]) -> None:
    """Set the place of a CustomCombo's choice among its options; -1 if it is none of them."""
    if node.saved.type != CUSTOM_COMBO:
        return
    index = next((name for name, at in node.widgets.items() if at.widget_type == COMBO_INDEX), None)
    if index is None:
        return
    kinds = node.widgets.items()
    options = [own.get(name) for name, widget in kinds if widget.widget_type == COMBO_OPTION]
    sent = inputs.get("choice")
    choice = own.get("choice") if isinstance(sent, list) else sent
    inputs[index] = options.index(choice) if choice in options else -1
