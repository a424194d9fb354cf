"""Decides, as the editor does, which inputs of a class are sockets and which are widgets.

The type of an input makes it a widget, unless the class forces a socket. To some classes the
editor adds widgets, after all others, that `object_info` does not list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from workflows.convert.widget_types import (
    COMBO_INDEX,
    COMBO_OPTION,
    DYNAMIC_COMBO,
    VIEWPORT,
    WIDGET_TYPES,
    WidgetType,
)
from workflows.json_values import as_array, as_object

UPLOAD_FLAGS = ("image_upload", "video_upload", "animated_image_upload")
SAVERS_3D = frozenset({"Preview3D", "SaveGLB"})
VIEWPORTS = frozenset({
    "Load3DAdvanced", "Preview3DAdvanced", "PreviewGaussianSplat", "PreviewPointCloud",
    "Save3DAdvanced", "SaveGaussianSplat", "SavePointCloud",
})  # fmt: skip
"""Classes whose 3D view sends its camera and no picture, unlike that of Load3D."""
CUSTOM_COMBO = "CustomCombo"
RENAMED = {
    "T2IAdapterLoader": "ControlNetLoader",
    "ConditioningAverage ": "ConditioningAverage",
    "SDV_img2vid_Conditioning": "SVD_img2vid_Conditioning",
    "Load3DAnimation": "Load3D",
    "Preview3DAnimation": "Preview3D",
}
"""Old names of classes, which older editors replaced when they opened a file."""


@dataclass(frozen=True)
class Declared:
    """One input of a class in the editor."""

    name: str
    type: str
    options: Mapping[str, Any]
    choices: tuple[Any, ...] = ()
    is_optional: bool = False

    @property
    def is_forced(self) -> bool:
        """True if the class forces a socket; older editors saved an unused value for it."""
        forced = self.options.get("forceInput") or (
            self.is_optional and self.options.get("defaultInput")
        )
        return bool(forced)

    @property
    def is_widget(self) -> bool:
        return self.widget_type in WIDGET_TYPES and not self.is_forced

    @property
    def widget_type(self) -> str:
        other = self.options.get("widgetType")
        return other if isinstance(other, str) else self.type

    @property
    def kind(self) -> WidgetType:
        """The way in which the widget is saved and sent; only for an input that is a widget."""
        return WIDGET_TYPES[self.widget_type]

    @property
    def has_control(self) -> bool:
        """True if a widget "control after generate" follows this one."""
        control = self.options.get("control_after_generate")
        if control is None and self.widget_type == "INT":
            return self.name in ("seed", "noise_seed")
        return self.widget_type in ("INT", "FLOAT", "COMBO") and bool(control)

    @property
    def is_upload(self) -> bool:
        return any(self.options.get(flag) for flag in UPLOAD_FLAGS)


def class_inputs(class_name: str, info: Mapping[str, Any]) -> list[Declared]:
    """Return all inputs of a class in the editor's order, with those that the editor adds."""
    order = as_object(info.get("input_order"))
    inputs = list(declared(as_object(info.get("input")), order))
    if class_name in VIEWPORTS:
        inputs = [as_viewport(entry) for entry in inputs]
    return inputs + list(added(class_name, inputs))


def as_viewport(entry: Declared) -> Declared:
    return replace(entry, type=VIEWPORT) if entry.type == "LOAD_3D" else entry


def declared(
    inputs: Mapping[str, Any], order: Mapping[str, Any], prefix: str = ""
) -> Iterator[Declared]:
    """Yield ordered inputs, required before optional, then those that `input_order` omits."""
    groups = [(group, as_object(inputs.get(group))) for group in ("required", "optional")]
    rest: list[Declared] = []
    for group, specs in groups:
        listed = [name for name in as_array(order.get(group)) if isinstance(name, str)]
        known = dict.fromkeys(name for name in listed if name in specs)
        for name in known:
            yield as_declared(prefix + name, specs[name], is_optional=group == "optional")
        rest += [
            as_declared(prefix + name, spec, is_optional=group == "optional")
            for name, spec in specs.items()
            if name not in known
        ]
    yield from rest


def as_declared(name: str, spec: object, *, is_optional: bool) -> Declared:
    kind, given = [*as_array(spec), None, None][:2]
    options = as_object(given)
    if isinstance(kind, list):
        first = tuple(cast("list[Any]", kind))
        return Declared(name, "COMBO", options, first, is_optional)
    choices = tuple(as_array(options.get("options")))
    return Declared(name, kind if isinstance(kind, str) else "*", options, choices, is_optional)


def added(class_name: str, inputs: list[Declared]) -> Iterator[Declared]:
    """Yield the widgets that the editor adds."""
    if any(entry.is_upload and entry.type == "COMBO" and not entry.is_optional for entry in inputs):
        yield Declared("upload", "IMAGEUPLOAD", {})
    if any(entry.name == "audio" and entry.options.get("audio_upload") for entry in inputs):
        yield Declared("upload", "AUDIOUPLOAD", {})
    if class_name in SAVERS_3D:
        yield Declared("image", "PREVIEW_3D", {})
    if class_name == CUSTOM_COMBO:
        yield Declared("index", COMBO_INDEX, {})
        yield Declared("option1", COMBO_OPTION, {})


def option_inputs(combo: Declared, chosen: object) -> list[Declared]:
    """Return the inputs that one choice of a dynamic combo adds; an unknown choice adds none."""
    for option in map(as_object, combo.choices):
        if option.get("key") == chosen:
            return list(declared(as_object(option.get("inputs")), {}, f"{combo.name}."))
    return []


def group_inputs(group: Declared, rows: int) -> list[Declared]:
    """Return the inputs of all rows of a dynamic group."""
    template = as_object(group.options.get("template"))
    return [
        entry for row in range(rows) for entry in declared(template, {}, f"{group.name}.{row}.")
    ]


def format_inputs(combo: Declared, chosen: object) -> list[Declared]:
    """Return the inputs that the format of a video adds, as VideoHelperSuite declares them."""
    formats = as_object(combo.options.get("formats"))
    entries = as_array(formats.get(chosen)) if isinstance(chosen, str) else []
    return [
        as_declared(spec[0], spec[1:], is_optional=False)
        for spec in map(as_array, entries)
        if spec and isinstance(spec[0], str)
    ]


def is_dynamic_combo(widget: Declared) -> bool:
    return widget.widget_type == DYNAMIC_COMBO
