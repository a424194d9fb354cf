"""Decides, as the editor does, which inputs of a class are sockets and which are widgets.

The type of an input makes it a widget, unless the class forces a socket. To some classes the
editor adds widgets, after all others, that `object_info` does not list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from workflows.json_values import as_array, as_object

DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
AUTOGROW = "COMFY_AUTOGROW_V3"
MATCH_TYPE = "COMFY_MATCHTYPE_V3"
UPLOADS = frozenset({"IMAGEUPLOAD", "AUDIOUPLOAD"})
BROWSER_ONLY = frozenset({"LOAD_3D", "WEBCAM"})
VALUES = frozenset({"INT", "FLOAT", "BOOLEAN", "STRING", "COMBO", "MARKDOWN", "TEXTAREA", "COLOR"})
VIEWS = frozenset({"CHART", "GALLERIA", "IMAGECOMPARE", "AUDIO_UI", "AUDIO_RECORD", "PREVIEW_3D"})
WIDGET_TYPES = VALUES | VIEWS | UPLOADS | BROWSER_ONLY | {DYNAMIC_COMBO}
UPLOAD_FLAGS = ("image_upload", "video_upload", "animated_image_upload")
PLAYERS = frozenset({"LoadAudio", "SaveAudio", "PreviewAudio", "SaveAudioMP3", "SaveAudioOpus"})
VIEWERS_3D = frozenset({"Preview3D", "SaveGLB"})
PREVIEW_TEXT = "PREVIEW_TEXT"
"""Our type for a widget that shows a text and always sends an empty one."""
COMBO_OPTION = "COMBO_OPTION"
"""Our type for one of the choices that a CustomCombo holds itself."""
RENAMED = {
    "T2IAdapterLoader": "ControlNetLoader",
    "ConditioningAverage ": "ConditioningAverage",
    "SDV_img2vid_Conditioning": "SVD_img2vid_Conditioning",
    "Load3DAnimation": "Load3D",
    "Preview3DAnimation": "Preview3D",
}
"""Old names of classes, which the editor replaces when it opens a file."""


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
        """True if the class forces a socket in place of a widget."""
        forced = self.options.get("forceInput") or (
            self.is_optional and self.options.get("defaultInput")
        )
        return self.widget_type in WIDGET_TYPES and bool(forced)

    @property
    def is_widget(self) -> bool:
        own = self.widget_type in (PREVIEW_TEXT, COMBO_OPTION)
        return own or (self.widget_type in WIDGET_TYPES and not self.is_forced)

    @property
    def widget_type(self) -> str:
        other = self.options.get("widgetType")
        return other if isinstance(other, str) else self.type

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
    return inputs + list(added(class_name, inputs))


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
    if class_name in PLAYERS:
        yield Declared("audioUI", "AUDIO_UI", {})
    if any(entry.name == "audio" and entry.options.get("audio_upload") for entry in inputs):
        yield Declared("upload", "AUDIOUPLOAD", {})
    if class_name in VIEWERS_3D:
        yield Declared("image", "PREVIEW_3D", {})
    if class_name == "PreviewAny":
        yield Declared("preview", PREVIEW_TEXT, {})
        yield Declared("previewMode", "BOOLEAN", {})
    if class_name == "CustomCombo":
        yield Declared("option0", COMBO_OPTION, {})


def option_inputs(combo: Declared, chosen: object) -> list[Declared]:
    """Return the inputs that one choice of a dynamic combo adds; an unknown choice adds none."""
    for option in map(as_object, combo.choices):
        if option.get("key") == chosen:
            return list(declared(as_object(option.get("inputs")), {}, f"{combo.name}."))
    return []
