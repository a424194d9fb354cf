"""The published schema takes every spec that the code takes, and refuses what it refuses."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from workflows import load_version
from workflows.read import read_mapping
from workflows.spec_schema import spec_schema

FOLDER = Path(__file__).parents[3] / "workflows"
SPECS = sorted(path for path in FOLDER.glob("*.yaml") if path.stem != "library")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_it_takes_every_shipped_spec(path: Path) -> None:
    validator = jsonschema_rs.Draft202012Validator(spec_schema())

    content = json.loads(json.dumps(read_mapping(path.read_text(), "")))  # YAML has other keys

    assert [error.message for error in validator.iter_errors(content)] == []


def test_it_names_an_unknown_key() -> None:
    validator = jsonschema_rs.Draft202012Validator(spec_schema())
    spec = {"spec": "comfyfleet/v1", "name": "a", "inputs": {"b": {"type": "string", "odd": 1}}}

    assert not validator.is_valid(spec)


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
