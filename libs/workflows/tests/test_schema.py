"""The published schema and the compiled checks say the same; a JSON Schema library is judge."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidError
from workflows import Spec, inputs_schema, validate_inputs

UUID = "0192f0c0-0000-7000-8000-00000000000a"
SPEC = Spec.model_validate(
    {
        "spec": "comfyfleet/v1",
        "name": "x",
        "inputs": {
            "prompt": {"type": "text", "required": True, "max_length": 5, "order": 2},
            "steps": {"type": "integer", "default": 5, "minimum": 1, "maximum": 9, "order": 1},
            "size": {"type": "integer", "multiple_of": 8, "advanced": True, "group": "Size"},
            "cfg": {"type": "number", "minimum": 0, "maximum": 30, "step": 0.5},
            "fast": {"type": "boolean"},
            "how": {"type": "choice", "choices": ["a", {"value": 1, "title": {"en": "One"}}]},
            "seed": {"type": "seed", "default": "random"},
            "image": {"type": "image"},
            "names": {"type": "list<string>", "max_items": 2},
        },
    }
)
NUMBERS = [0, 1, 8, 9, 10, -1, 1.0, 1.5, 2**64]
TEXTS = ["", "a", "random", "sixsix"]
OTHERS = [None, True, False, [], ["a"], ["a", "b", "c"], [1], {}, {"media": UUID}, {"media": "x"}]
VALUES = st.sampled_from([*NUMBERS, *TEXTS, *OTHERS])
JUDGE = jsonschema_rs.Draft202012Validator(inputs_schema(SPEC), validate_formats=True)


@given(st.dictionaries(st.sampled_from([*SPEC.inputs, "unknown"]), VALUES))
def test_the_schema_accepts_exactly_what_the_checks_accept(inputs: dict[str, Any]) -> None:
    try:
        validate_inputs(SPEC, inputs, lambda: 7)
    except InvalidError:
        is_accepted = False
    else:
        is_accepted = True

    assert JUDGE.is_valid(inputs) == is_accepted


def test_the_fields_come_in_the_order_of_the_form_with_their_hints() -> None:
    properties = inputs_schema(SPEC)["properties"]

    assert list(properties)[-2:] == ["steps", "prompt"]
    assert properties["steps"]["default"] == 5
    assert properties["size"]["x-comfyfleet-group"] == "Size"
    assert properties["size"]["x-comfyfleet-advanced"] is True
    assert properties["cfg"]["x-comfyfleet-step"] == 0.5
    assert properties["how"]["x-comfyfleet-choice-titles"] == {"1": {"en": "One"}}


@pytest.mark.parametrize("name", SPEC.inputs)
def test_every_field_has_a_title_and_tells_its_type(name: str) -> None:
    field = inputs_schema(SPEC)["properties"][name]

    assert field["title"]
    assert field["x-comfyfleet-type"] == SPEC.inputs[name].type


def test_the_format_of_specs_has_a_schema_of_its_own() -> None:
    judge = jsonschema_rs.Draft202012Validator(Spec.model_json_schema())

    assert judge.is_valid(SPEC.content())
    assert not judge.is_valid({**SPEC.content(), "colour": "red"})
