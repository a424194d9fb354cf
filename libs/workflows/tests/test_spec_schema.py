"""The published schema takes every spec that the code takes, and refuses what it refuses."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic import ValidationError

from workflows import Spec, load_version
from workflows.spec.documents import read_mapping
from workflows.spec.json_schema import spec_schema
from workflows.spec.parameter import TYPES

FOLDER = Path(__file__).parents[3] / "workflows"
VALIDATOR = jsonschema_rs.Draft202012Validator(spec_schema())
SPECS = sorted(path for path in FOLDER.glob("*.yaml") if path.stem != "library")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_it_takes_every_shipped_spec(path: Path) -> None:
    content = json.loads(json.dumps(read_mapping(path.read_text(), "")))  # YAML has other keys

    assert [error.message for error in VALIDATOR.iter_errors(content)] == []


def test_it_names_an_unknown_key() -> None:
    spec = {"spec": "comfyfleet/v1", "name": "a", "inputs": {"b": {"type": "string", "odd": 1}}}

    assert not VALIDATOR.is_valid(spec)


EVERY_LIMIT: dict[str, Any] = {
    "minimum": 1,
    "maximum": 9,
    "step": 1,
    "multiple_of": 2,
    "min_length": 1,
    "max_length": 9,
    "pattern": "a",
    "choices": ["a"],
    "folder": "loras",
    "of": "image",
    "channel": "alpha",
    "smooth": True,
    "invert": True,
    "feather": 2,
    "allow_empty": True,
    "accept": ["image/png"],
    "max_bytes": 9,
    "max_pixels": 9,
    "min_items": 1,
    "max_items": 9,
}
ODD: list[Any] = [
    {"multiple_of": 0},
    {"required": True, "default": 2},
    {"channel": "auto", "pattern": None},
    {"when_absent": {}},
    {"when_absent": {"bypass": "1", "remove": "1"}},
    {"when_absent": {"remove": "1", "through": ["a"]}},
    {"when_absent": {"bypass": "1", "remove": None, "through": ["a"]}},
    {"when": {"value": 1}},
    {"when": [{"value": 1, "set": 2}]},
]
TRANSFORMS: list[Any] = [
    {},
    {"scale": 2},
    {"scale": 2, "negate": None},
    {"scale": 2, "negate": True},
    {"template": "a {} b"},
    {"template": "a"},
    {"template": "{} and {}"},
    {"map": {"a": 1}},
]


def cases() -> list[Any]:
    """Every type with each limit, what goes with none, and the parts that have one key of many."""
    needed = {"choice": {"choices": ["a"]}, "model": {"folder": "a"}, "mask": {"of": "a"}}
    items: list[Any] = [{"type": type_} for type_ in TYPES]
    for type_ in TYPES:
        bare = needed.get(type_.removeprefix("list<").removesuffix(">"), {})
        items += [{"type": type_, **bare, name: value} for name, value in EVERY_LIMIT.items()]
    items += [{"type": "integer", **odd} for odd in ODD]
    binds = [{"node": "1", "input": "x", "transform": change} for change in TRANSFORMS]
    return items + [{"type": "integer", "bind": [bind]} for bind in binds]


@pytest.mark.parametrize("item", cases(), ids=str)
def test_it_takes_an_input_exactly_if_the_parser_does(item: dict[str, Any]) -> None:
    outputs = {"images": {"node": "2", "kind": "image"}}
    spec = {"spec": "comfyfleet/v1", "name": "a", "inputs": {"x": item}, "outputs": outputs}
    try:
        parsed = Spec.model_validate(spec)
    except ValidationError:
        is_taken = False
    else:
        # the parser leaves this one to the checks with the graph
        is_taken = not (item.get("required") and parsed.inputs["x"].default is not None)

    assert VALIDATOR.is_valid(spec) == is_taken


def test_names_of_inputs_are_words() -> None:
    spec = {"spec": "comfyfleet/v1", "name": "a", "inputs": {"a b": {"type": "text"}}}

    assert not VALIDATOR.is_valid({**spec, "outputs": {"i": {"node": "2", "kind": "image"}}})


def test_a_spec_may_name_its_schema_and_stays_the_same_version() -> None:
    graph: dict[str, Any] = {
        "1": {"class_type": "EmptyImage", "inputs": {}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
    }
    spec = {
        "spec": "comfyfleet/v1",
        "name": "a",
        "outputs": {"images": {"node": "2", "kind": "image"}},
    }

    named = {"$schema": "https://example.org/v1/workflows/spec.schema.json", **spec}
    assert load_version(named, graph).hash == load_version(spec, graph).hash
