"""JSON Schema of spec files themselves: editors that find it in `$schema` complete and check."""

from typing import Any

from workflows.inputs.json_schema import DIALECT
from workflows.spec.parameter import EVERY_CONSTRAINT, NEEDED, TYPES, constraints_of, default_of
from workflows.spec.spec import KEY, Spec

USE = {"type": "string", "description": "Takes a definition from the parameter library."}
GIVEN = {"not": {"type": "null"}}
ONE_PLACE = {"allOf": [{"pattern": r"\{\}"}, {"not": {"pattern": r"\{\}(.|\n)*\{\}"}}]}
ACTIONS = ("bypass", "remove", "set")


def spec_schema() -> dict[str, Any]:
    """What a file may say: as the model, and `use`, which is resolved before the model sees it."""
    schema = Spec.model_json_schema()
    parts: dict[str, Any] = schema["$defs"]
    item: dict[str, Any] = parts["InputSpec"]
    item["properties"]["use"] = USE
    del item["required"]  # `use` brings a type along
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
    schema["properties"]["$schema"] = {"type": "string", "description": "This schema's address."}
    return {"$schema": DIALECT, **schema, "title": "ComfyFleet workflow spec"}


def has(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: GIVEN}}


def one_of(*names: str) -> list[dict[str, Any]]:
    """Exactly one of these keys; null is as if it were not there."""
    return [has(name) for name in names]


def of_type(type_: str) -> dict[str, Any]:
    """The constraints of a type that stands in the file itself; `use` may bring others along."""
    odd = sorted(EVERY_CONSTRAINT - constraints_of(type_))
    then: dict[str, Any] = {"properties": {name: {"const": default_of(name)} for name in odd}}
    needed = NEEDED.get(type_.removeprefix("list<").removesuffix(">"))
    if needed:
        then["required"] = [needed]
        then["properties"][needed] = GIVEN
    is_type = {"properties": {"type": {"const": type_}}, "required": ["type"]}
    return {"if": is_type | {"not": {"required": ["use"]}}, "then": then}


def without_default() -> dict[str, Any]:
    is_required = {"properties": {"required": {"const": True}}, "required": ["required"]}
    return {"if": is_required, "then": {"properties": {"default": {"const": None}}}}
