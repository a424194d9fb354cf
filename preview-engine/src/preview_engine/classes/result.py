"""The values that graph nodes pass to each other and show to clients."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from PIL import Image

Batch: TypeAlias = tuple[Image.Image, ...]
"""IMAGE: RGB or RGBA pictures. MASK: 8-bit gray pictures, where ComfyUI has floats."""


@dataclass(frozen=True, slots=True)
class Result:
    """Values for the output slots, and the output that clients see."""

    values: tuple[Any, ...] = ()
    shown: dict[str, Any] | None = None


def values(*given: object) -> Result:
    return Result(given)
