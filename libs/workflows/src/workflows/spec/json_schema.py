"""Builds the JSON Schema of spec files, with which editors complete and check them."""

from typing import Any

from workflows.spec.parameter import (
    EVERY_CONSTRAINT,
    REQUIRED_CONSTRAINT,
    TYPES,
    constraints_of,
    default_of,
)
from workflows.spec.spec import KEY, Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"

USE = {"type": "string", "description": "Name of a definition in the parameter library."}
GIVEN = {"not": {"type": "null"}}
ONE_PLACE = {"allOf": [{"pattern": r"\{\}"}, {"not": {"pattern": r"\{\}(.|\n)*\{\}"}}]}
ACTIONS = ("bypass", "remove", "set")


def spec_schema() -> dict[str, Any]:
    """Return the model's schema, plus `use`, which is resolved before the model reads a file."""
    schema = Spec.model_json_schema()
    parts: dict[str, Any] = schema["$defs"]
    item: dict[str, Any] = parts["InputSpec"]
    item["properties"]["use"] = USE
    del item["required"]  # a library definition may supply the type
    item["properties"]["multiple_of"]["anyOf"][0]["exclusiveMinimum"] = 0
    item["anyOf"] = [{"required": ["type"]}, {"required": ["use"]}]
    item["allOf"] = [*map(of_type, TYPES), without_default()]
    parts["Transform"]["oneOf"] = one_of("template", "map", "scale", "negate")
    parts["Transform"]["properties"]["template"]["anyOf"][0] |= ONE_PLACE
    for name in ("Action", "When"):
        through = {"if": has("through"), "then": has("bypass")}
        parts[name] |= {"oneOf": one_of(*ACTIONS), "allOf": [through]}
    for name in ("inputs", "outputs"):
        schema["properties"][name]["propertyNames"] = {"pattern": KEY}
    schema["properties"]["outputs"]["minProperties"] = 1
    schema["required"].append("outputs")
    schema["properties"]["$schema"] = {"type": "string", "description": "Address of this schema."}
    return {"$schema": DIALECT, **schema, "title": "ComfyFleet workflow spec"}


def has(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: GIVEN}}


def one_of(*names: str) -> list[dict[str, Any]]:
    """Require exactly one of these keys; null counts as absent."""
    return [has(name) for name in names]


def of_type(type_: str) -> dict[str, Any]:
    """Forbid the constraints of other types, unless `use` may supply some from the library."""
    odd = sorted(EVERY_CONSTRAINT - constraints_of(type_))
    then: dict[str, Any] = {"properties": {name: {"const": default_of(name)} for name in odd}}
    required = REQUIRED_CONSTRAINT.get(type_.removeprefix("list<").removesuffix(">"))
    if required:
        then["required"] = [required]
        then["properties"][required] = GIVEN
    is_type = {"properties": {"type": {"const": type_}}, "required": ["type"]}
    return {"if": is_type | {"not": {"required": ["use"]}}, "then": then}


def without_default() -> dict[str, Any]:
    is_required = {"properties": {"required": {"const": True}}, "required": ["required"]}
    return {"if": is_required, "then": {"properties": {"default": {"const": None}}}}
