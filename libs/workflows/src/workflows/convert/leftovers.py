"""Judges saved values that no widget of the class takes.

The editor drops them for ComfyUI's own classes. For a class of a pack they may be the values of
widgets that its script makes, and these would be missing in the result.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.convert.packs import SHOWN_ONLY
from workflows.convert.refusal import cut_text

MODEL_FILE = re.compile(
    r"[^\"\\]\.(safetensors|sft|ckpt|pt|pth|bin|gguf|onnx|pkl)(?=\")", re.IGNORECASE
)
DISPLAYS = frozenset({
    "PreviewAny", "SaveText", "ImageCompare", "Image Comparer (rgthree)", "Display Any (rgthree)",
    "Display Int (rgthree)", "ShowText|pysssss",
})  # fmt: skip
"""Classes that save what they showed last."""
MOST_SHOWN = 60


def telling(class_name: str, left: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values, by name or place, whose loss can matter."""
    if class_name in DISPLAYS:
        return
    for name, value in left.items():
        if name not in SHOWN_ONLY and not is_nothing(value):
            yield name, value


def is_nothing(value: Any) -> bool:
    """Tell whether the value is empty or off. A number never is, though 0 == False in Python."""
    return value is None or value is False or value in ("", [], {})


def names_model(value: Any) -> bool:
    """Tell whether a model file is named anywhere in the value."""
    try:
        return MODEL_FILE.search(json.dumps(value)) is not None
    except (TypeError, ValueError, RecursionError):
        return False


def shown(value: Any) -> str:
    try:
        return cut_text(json.dumps(value))[:MOST_SHOWN]
    except (TypeError, ValueError, RecursionError):
        return "…"
