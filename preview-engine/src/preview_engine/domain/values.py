"""Checks one constant input value, with the texts of ComfyUI's execution.py."""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from preview_engine.domain.catalog import Input, Json

Fault: TypeAlias = dict[str, Json]

CONVERTERS: dict[str, Callable[[Any], Json]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "BOOLEAN": bool,
}
SHOWN_CHOICES = 20


def fault(kind: str, message: str, details: str, **extra_info: Json) -> Fault:
    return {"type": kind, "message": message, "details": details, "extra_info": extra_info}


def input_fault(
    declared: Input, kind: str, message: str, details: str, **extra_info: Json
) -> Fault:
    shown = {"input_name": declared.name, "input_config": declared.config}
    return fault(kind, message, details, **(shown | extra_info))


def bad_link(declared: Input, value: Json) -> Fault:
    return input_fault(
        declared,
        "bad_linked_input",
        "Bad linked input, must be a length-2 list of [node_id, slot_index]",
        declared.name,
        received_value=value,
    )


def mismatch(declared: Input, received: str, link: Json) -> Fault:
    return input_fault(
        declared,
        "return_type_mismatch",
        "Return type mismatch between linked nodes",
        f"{declared.name}, received_type({received}) mismatch input_type({declared.type})",
        received_type=received,
        linked_node=link,
    )


def coerce(declared: Input, value: Json) -> Json:
    """Convert the value to its declared type; errors of Python's conversion pass through."""
    if isinstance(value, dict):
        value = cast("dict[str, Any]", value).get("__value__", cast("Json", value))
    converter = CONVERTERS.get(declared.type) if isinstance(declared.type, str) else None
    return converter(value) if converter else value


def conversion_fault(declared: Input, value: Json, error: Exception) -> Fault:
    return input_fault(
        declared,
        "invalid_input_type",
        f"Failed to convert an input value to a {declared.type} value",
        f"{declared.name}, {value}, {error}",
        received_value=value,
        exception_message=str(error),
    )


def value_fault(declared: Input, value: Json) -> Fault | None:
    """Return a fault if the value is out of range or not one of the choices."""
    low, high = declared.options.get("min"), declared.options.get("max")
    if low is not None and value < low:
        kind, message = "value_smaller_than_min", f"Value {value} smaller than min of {low}"
    elif high is not None and value > high:
        kind, message = "value_bigger_than_max", f"Value {value} bigger than max of {high}"
    else:
        return choice_fault(declared, value)
    return input_fault(declared, kind, message, declared.name, received_value=value)


def choice_fault(declared: Input, value: Json) -> Fault | None:
    choices = declared.choices
    if choices is None or value in choices:
        return None
    is_short = len(choices) <= SHOWN_CHOICES
    shown = str(choices) if is_short else f"(list of length {len(choices)})"
    return input_fault(
        declared,
        "value_not_in_list",
        "Value not in list",
        f"{declared.name}: '{value}' not in {shown}",
        input_config=declared.config if is_short else None,
        received_value=value,
    )
