"""Knows what scripts of packs of nodes change in the editor: widgets, and how values are saved.

`object_info` shows none of it. To support a further class, add it to one of the tables.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from workflows.convert.saved_file import SavedNode
from workflows.json_values import as_array, as_object

Values = dict[str, Any]
SIZE = re.compile(r"(\?|[0-9]{1,6})x(\?|[0-9]{1,6})")
SHOWN_ONLY = frozenset({
    "videopreview", "choose video to upload", "choose folder to upload", "choose file to upload",
    "choose audio to upload", "upload", "speak_and_recognation",
})  # fmt: skip
"""Names of saved widgets that are buttons and previews."""
LISTED = {
    "VHS_LoadImages": ("directory", "", "image_load_cap", "skip_first_images", "select_every_nth"),
    "VHS_LoadImagesPath": ("directory", "image_load_cap", "skip_first_images", "select_every_nth"),
    "VHS_VideoCombine": (
        "frame_rate", "loop_count", "filename_prefix", "format", "pingpong", "save_image",
    ),
    "VHS_LoadVideo": (
        "video", "force_rate", "force_size", "frame_load_cap", "skip_first_frames",
        "select_every_nth",
    ),
    "VHS_LoadVideoPath": (
        "video", "force_rate", "force_size", "frame_load_cap", "skip_first_frames",
        "select_every_nth",
    ),
}  # fmt: skip
"""Names of values that older versions of VideoHelperSuite saved in a list (VHS.core.js)."""
RENAMED_WIDGETS = {"VHS_VideoCombine": {"save_image": "save_output"}}


def named_values(node: SavedNode) -> Values | None:
    """Return the values by name where the pack saves, or saved, them so; else None."""
    saved = node.widgets_values
    if isinstance(saved, Mapping):
        values = dict(as_object(node.widgets_values))
    elif node.type in LISTED and len(node.values) == len(LISTED[node.type]):
        values = dict(zip(LISTED[node.type], node.values, strict=True))
    else:
        return None
    for old, new in RENAMED_WIDGETS.get(node.type, {}).items():
        if old in values:
            values.setdefault(new, values[old])
            del values[old]
    return with_size(values) if node.type.startswith("VHS_") else values


def with_size(values: Values) -> Values:
    """Turn VideoHelperSuite's old `force_size` (`512x?`, `Custom Width`) into width and height."""
    if "force_size" not in values:
        return values
    size = values.pop("force_size")
    found = SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is not None:
        values["custom_width"] = int(found[1].replace("?", "0"))
        values["custom_height"] = int(found[2].replace("?", "0"))
    if size in ("Disabled", "Custom Height"):
        values["custom_width"] = 0
    if size in ("Disabled", "Custom Width"):
        values["custom_height"] = 0
    return values


def power_loras(node: SavedNode) -> Values:
    """Return `lora_1`, `lora_2`, … of rgthree's Power Lora Loader (power_lora_loader.ts)."""
    shown = as_object(node.properties).get("Show Strengths")
    has_two = shown == "Separate Model & Clip"
    found: Values = {}
    for value in map(as_object, node.values):
        if "lora" in value:
            kept = {key: held for key, held in value.items() if key != "strengthTwo"}
            two = value.get("strengthTwo")
            strength = {"strengthTwo": 1 if two is None else two} if has_two else {}
            found[f"lora_{len(found) + 1}"] = kept | strength
    return found


def in_order(*names: str) -> Callable[[SavedNode], Values]:
    return lambda node: dict(zip(names, as_array(node.widgets_values), strict=False))


MADE_BY_SCRIPT: dict[str, Callable[[SavedNode], Values]] = {
    "Power Lora Loader (rgthree)": power_loras,
    "Power Primitive (rgthree)": in_order("type", "value"),
    "Power Puter (rgthree)": in_order("outputs", "code"),
}
"""Classes whose widgets a script makes, each with what reads all of its values by name."""
