"""Builds the JSON Schema (2020-12) of a workflow's inputs, from which clients make forms.

Keys `x-comfyfleet-*` carry the facts for which JSON Schema has no key.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workflows.problems import Problems
from workflows.spec.checks import (
    LONGEST_MODEL_NAME,
    MOST_ITEMS,
    Check,
    compile_check,
    longest,
    range_of,
    seed_range,
)
from workflows.spec.field_types import in_english
from workflows.spec.json_schema import DIALECT
from workflows.spec.parameter import MASK_OPTIONS, MEDIA, NUMBERS, TEXTS, InputSpec
from workflows.spec.spec import Spec

TEXT_HINTS = ("title", "help", "placeholder")
NUMBER_HINTS = ("step", "max_bytes", "max_pixels")
HINTS = (*TEXT_HINTS, *NUMBER_HINTS, "group", "advanced", "folder", "accept", *MASK_OPTIONS)


def inputs_schema(spec: Spec, models: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """Return the schema with its properties in the order of the form.

    `models` are the files that the fleet has, by folder. They are a hint, not a limit, because a
    job waits for a file that no node has yet.
    """
    return {
        "$schema": DIALECT,
        "title": in_english(spec.title) or spec.name,
        "type": "object",
        "properties": {
            name: input_schema(name, item) | model_choices(item, models or {})
            for name, item in spec.in_order
        },
        "required": [name for name, item in spec.in_order if item.required],
        "additionalProperties": False,
    }


def input_schema(name: str, item: InputSpec) -> dict[str, Any]:
    make = list_schema if item.is_list else VALUE_SCHEMAS[item.item_type]
    title = in_english(item.title or {}) or name.replace("_", " ").capitalize()
    schema = {**with_absence(make(item), item), "title": title}
    if item.help:
        schema["description"] = in_english(item.help)
    if item.default is not None:
        schema["default"] = item.default
    return schema | hints(item)


def model_choices(item: InputSpec, models: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    names = models.get(item.folder or "")
    return {} if names is None else {"x-comfyfleet-choices": list(names)}


def hints(item: InputSpec) -> dict[str, Any]:
    found: dict[str, Any] = {"x-comfyfleet-type": item.type, "x-comfyfleet-order": item.order or 0}
    for name in HINTS:
        is_of_type = item.item_type == "mask" or name not in MASK_OPTIONS
        if is_of_type and (value := getattr(item, name)):
            found[f"x-comfyfleet-{name.replace('_', '-')}"] = value

    titles = {str(c.value): c.title for c in item.choices or [] if c.title}
    return found | ({"x-comfyfleet-choice-titles": titles} if titles else {})


def with_absence(schema: dict[str, Any], item: InputSpec) -> dict[str, Any]:
    """Extend the schema by the values that mean absent; exclude them if the input is required."""
    if item.required:
        return {**schema, "not": {"enum": item.absent_values}} if item.absent_values else schema
    check = compile_check(item)
    if others := [value for value in item.absent_values if not passes(value, check)]:
        wider = schema if "anyOf" in schema else {"anyOf": [schema]}
        schema = {"anyOf": [*wider["anyOf"], {"enum": others}]}
    return nullable(schema)


def passes(value: Any, check: Check) -> bool:
    problems = Problems()
    check(value, "", problems)
    return not problems.errors


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Extend the schema by null, which means absent."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def list_schema(item: InputSpec) -> dict[str, Any]:
    return {
        "type": "array",
        "items": VALUE_SCHEMAS[item.item_type](item),
        "minItems": item.min_items or 0,
        "maxItems": item.max_items or MOST_ITEMS,
    }


def text_schema(item: InputSpec) -> dict[str, Any]:
    limits = {"minLength": item.min_length, "maxLength": longest(item), "pattern": item.pattern}
    return {"type": "string"} | without_none(limits)


def number_schema(item: InputSpec) -> dict[str, Any]:
    low, high = range_of(item)
    limits = {"minimum": low, "maximum": high, "multipleOf": item.multiple_of}
    return {"type": item.item_type} | without_none(limits)


def seed_schema(item: InputSpec) -> dict[str, Any]:
    low, high = seed_range(item)
    limits = {"type": "integer", "minimum": low, "maximum": high}
    return {"anyOf": [{"const": "random"}, limits]}


def without_none(entries: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if value is not None}


MODEL_SCHEMA = {"type": "string", "minLength": 1, "maxLength": LONGEST_MODEL_NAME}
MEDIA_SCHEMA = {
    "type": "object",
    "properties": {"media": {"type": "string", "format": "uuid"}},
    "required": ["media"],
    "additionalProperties": False,
}
VALUE_SCHEMAS: dict[str, Callable[[InputSpec], dict[str, Any]]] = {
    **dict.fromkeys(TEXTS, text_schema),
    **dict.fromkeys(NUMBERS, number_schema),
    "boolean": lambda _: {"type": "boolean"},
    **dict.fromkeys(MEDIA, lambda _: MEDIA_SCHEMA),
    "choice": lambda item: {"enum": [choice.value for choice in item.choices or []]},
    "seed": seed_schema,
    "model": lambda _: MODEL_SCHEMA,
}
