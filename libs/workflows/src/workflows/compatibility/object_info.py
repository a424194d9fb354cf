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
OWN_PACKAGES = ("nodes", "comfy_extras", "comfy_api_nodes")
"""Modules of ComfyUI's own classes; an unnamed module counts as one of them."""
CUSTOM = "is_custom"
"""Key of a reduced class (registry) that stands for its `python_module`."""
TAKES_ANY_VALUE = frozenset(
    {
        ("ModelAttentionBackend", "attention"),
        *((f"Select{model}Device", "device") for model in ("CLIP", "Model", "VAE")),
    }
)
"""Inputs of ComfyUI's own classes whose `VALIDATE_INPUTS` accepts values beyond the list."""


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


def is_custom(info: Mapping[str, Any]) -> bool:
    """Tell whether the class is not ComfyUI's own, so that it may check its values itself.

    Where such a class declares `VALIDATE_INPUTS`, ComfyUI leaves choices and limits to it
    (execution.py), and `object_info` does not say so. Its outputs may also be more than it lists.
    """
    module = str(info.get("python_module", OWN_PACKAGES[0]))
    return bool(info.get(CUSTOM)) or module.partition(".")[0] not in OWN_PACKAGES


def types_in(type_: str) -> set[str]:
    """Return the types of a union such as `FLOAT, INT`."""
    return {part.strip() for part in type_.split(",")}


def types_match(given: Any, wanted: Any) -> bool:
    """Tell whether ComfyUI accepts a link between these types."""
    if not isinstance(given, str) or not isinstance(wanted, str):
        return True  # ComfyUI itself compares lists of choices
    offered, accepted = types_in(given), types_in(wanted)
    return any(map(is_open, accepted | offered)) or bool(offered & accepted)


def is_open(type_: str) -> bool:
    """Tell whether the type stands for any other."""
    return type_ == ANY or is_dynamic(type_)


def is_dynamic(type_: Any) -> bool:
    return isinstance(type_, str) and type_.startswith(DYNAMIC)


def comes_by_link(declared: DeclaredInput, object_info: ObjectInfo) -> bool:
    """Tell whether only a link can feed the input, unlike widgets of custom nodes (COLORCODE)."""
    if "default" in declared.options or not isinstance(declared.type, str):
        return False
    types = types_in(declared.type)
    if types & {*WIDGET_TYPES, *NUMBER_TYPES} or any(map(is_open, types)):
        return False
    given = (type_ for info in object_info.values() for type_ in info.get("output") or ())
    return any(isinstance(type_, str) and type_ in types for type_ in given)


def as_number(value: Any) -> float | None:
    """Convert a value as ComfyUI does before it compares the limits; None if that fails."""
    try:
        return value if isinstance(value, int) else float(value)  # 2**64 - 1 is no float
    except (TypeError, ValueError, OverflowError):
        return None
