"""Reads classes in ComfyUI's `object_info`: declared inputs, their types, choices and limits."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from workflows.json_values import as_array, is_array

ObjectInfo: TypeAlias = Mapping[str, Mapping[str, Any]]
ANY = "*"
ENGINE = "comfyui"
"""Engine whose servers describe themselves in this format."""
DYNAMIC = "COMFY_"
"""Prefix of types whose real inputs depend on the graph: `images` becomes `images.image0`."""
NUMBER_TYPES = ("INT", "FLOAT")
WIDGET_TYPES = ("STRING", "BOOLEAN")


class DeclaredInput(NamedTuple):
    """One input as its class declares it."""

    name: str
    is_required: bool
    type: Any
    """Name of the type, or in the older form the list of choices."""
    options: Mapping[str, Any]

    @property
    def is_choice(self) -> bool:
        return self.type == "COMBO" or is_array(self.type)

    @property
    def choices(self) -> list[Any]:
        """The values to choose from; empty if they are not known."""
        return self.type if is_array(self.type) else as_array(self.options.get("options"))

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest number, infinite where none is declared."""
        low, high = self.options.get("min"), self.options.get("max")
        return (
            low if isinstance(low, int | float) else -math.inf,
            high if isinstance(high, int | float) else math.inf,
        )

    @property
    def expected_number(self) -> str:
        low, high = self.limits
        is_limited = math.isfinite(low) or math.isfinite(high)
        return f"a number from {low} to {high}" if is_limited else "a number"


def declared_inputs(info: Mapping[str, Any]) -> Iterator[DeclaredInput]:
    """Yield the inputs of one class, required ones first."""
    for section in ("required", "optional"):
        entries: Mapping[str, list[Any]] = info.get("input", {}).get(section) or {}
        for name, entry in entries.items():
            options: Mapping[str, Any] = entry[1] if len(entry) > 1 else {}
            yield DeclaredInput(name, section == "required", entry[0], options)


def declared_input(info: Mapping[str, Any], name: str) -> DeclaredInput | None:
    return next((declared for declared in declared_inputs(info) if declared.name == name), None)


def types_match(given: Any, wanted: Any) -> bool:
    """Tell whether ComfyUI accepts a link between these types."""
    if not isinstance(given, str) or not isinstance(wanted, str):
        return True  # ComfyUI itself compares lists of choices
    offered, accepted = set(given.split(",")), set(wanted.split(","))
    is_open = any(is_dynamic(name) for name in accepted | offered)
    return is_open or ANY in offered | accepted or bool(offered & accepted)


def is_dynamic(type_: Any) -> bool:
    return isinstance(type_, str) and type_.startswith(DYNAMIC)


def comes_by_link(declared: DeclaredInput, object_info: ObjectInfo) -> bool:
    """Tell whether only a link can feed the input, unlike widgets of custom nodes (COLORCODE)."""
    if declared.type in WIDGET_TYPES or "default" in declared.options:
        return False
    return any(declared.type in (info.get("output") or []) for info in object_info.values())


def as_number(value: Any) -> float | None:
    """Convert a value as ComfyUI does before it compares the limits; None if that fails."""
    try:
        return value if isinstance(value, int) else float(value)  # 2**64 - 1 is no float
    except (TypeError, ValueError, OverflowError):
        return None
