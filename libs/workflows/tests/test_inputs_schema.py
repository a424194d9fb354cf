"""The published schema and the compiled checks say the same; a JSON Schema library is judge."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidError
from workflows import Spec, inputs_schema, load_version, validate_inputs

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
            "mask": {"type": "mask", "of": "image"},
            "names": {"type": "list<string>", "max_items": 2},
        },
    }
)
GRAPH: dict[str, Any] = {"1": {"class_type": "Save", "inputs": {"x": 0}}}
OUTPUTS = {"images": {"node": "1", "kind": "image"}}
NUMBERS = [0, 1, 8, 9, 10, -1, 1.0, 1.5, 2**64]
TEXTS = ["", "a", "random", "sixsix"]
OTHERS = [None, True, False, [], ["a"], ["a", "b", "c"], [1], {}, {"media": UUID}, {"media": "x"}]
VALUES = st.sampled_from([*NUMBERS, *TEXTS, *OTHERS])
JUDGE = jsonschema_rs.Draft202012Validator(inputs_schema(SPEC), validate_formats=True)


@given(st.dictionaries(st.sampled_from([*SPEC.inputs, "unknown"]), VALUES))
def test_the_schema_accepts_exactly_what_the_checks_accept(inputs: dict[str, Any]) -> None:
    assert JUDGE.is_valid(inputs) == is_accepted(SPEC, inputs)


def is_accepted(spec: Spec, inputs: dict[str, Any]) -> bool:
    try:
        validate_inputs(spec, inputs, lambda: 7)
    except InvalidError:
        return False
    return True


def ranges(*numbers: float) -> st.SearchStrategy[dict[str, Any]]:
    """Limits in order, each there or not, and values that mean absent."""
    number = st.sampled_from(numbers)
    limits = st.lists(number, min_size=2, max_size=2, unique=True).map(sorted)
    bounds = limits.map(lambda pair: {"minimum": pair[0], "maximum": pair[1]})
    return st.one_of(st.just(dict[str, Any]()), bounds)


def kinds() -> st.SearchStrategy[dict[str, Any]]:
    steps = st.sampled_from([{}, {"multiple_of": 8}])
    fine = st.sampled_from([{}, {"multiple_of": 0.05}])
    texts = [{}, {"min_length": 2}, {"max_length": 3}, {"pattern": r"^\w+$"}]
    lists = [{}, {"min_items": 1}, {"max_items": 2}]
    return st.one_of(
        st.builds(merged, st.just({"type": "integer"}), ranges(-2, 0, 8, 2**63, 2**64), steps),
        st.builds(merged, st.just({"type": "number"}), ranges(-1.5, 0, 0.5, 1, 1e300), fine),
        st.builds(merged, st.just({"type": "seed"}), ranges(0, 8, 2**53)),
        st.builds(
            merged, st.sampled_from([{"type": "text"}, {"type": "string"}]), st.sampled_from(texts)
        ),
        st.builds(
            merged,
            st.sampled_from([{"type": "list<string>"}, {"type": "list<integer>"}]),
            st.sampled_from(lists),
        ),
        st.just({"type": "boolean"}),
        st.just({"type": "model", "folder": "loras"}),
        st.just({"type": "choice", "choices": ["a", "None", 1, True]}),
        st.just({"type": "video"}),
    )


def merged(*parts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


SCALARS: list[Any] = [-1, 0, 1, 7, 8, 8.0, 0.15, 0.5, 0.51, True, "", "None", "a", "random", 2**64]
MORE: list[Any] = [
    None,
    "é",
    "ab c",
    1e301,
    -(2**65),
    [],
    ["a"],
    [1, 8],
    [1, 1, 1],
    {},
    {"media": UUID},
]


@given(
    kinds(),
    st.booleans(),
    st.lists(st.sampled_from(SCALARS), max_size=3),
    st.sampled_from([*SCALARS, *MORE]),
)
def test_a_generated_input_is_one_for_both_or_for_none(
    kind: dict[str, Any], required: bool, absent: list[Any], value: Any
) -> None:
    item = {**kind, "required": required, "absent_values": absent}
    spec = Spec.model_validate({"spec": "comfyfleet/v1", "name": "x", "inputs": {"x": item}})

    judge = jsonschema_rs.Draft202012Validator(inputs_schema(spec), validate_formats=True)

    assert judge.is_valid({"x": value}) == is_accepted(spec, {"x": value})
    assert judge.is_valid({}) == is_accepted(spec, {})


@given(kinds(), st.lists(st.sampled_from(SCALARS), max_size=3), st.sampled_from(SCALARS))
def test_a_default_that_a_spec_may_have_fits_its_own_schema(
    kind: dict[str, Any], absent: list[Any], default: Any
) -> None:
    bind = [{"node": "1", "input": "x"}]
    item = {**kind, "absent_values": absent, "default": default, "bind": bind}
    inputs = {"x": item}
    spec = {"spec": "comfyfleet/v1", "name": "x", "inputs": inputs, "outputs": OUTPUTS}
    try:
        version = load_version(spec, GRAPH)
    except InvalidError:
        return

    schema = inputs_schema(version.spec)

    shown = schema["properties"]["x"]["default"]
    assert jsonschema_rs.Draft202012Validator(schema).is_valid({"x": shown})


def test_a_field_has_no_hints_of_another_type() -> None:
    properties = inputs_schema(SPEC)["properties"]

    assert [name for name in properties if "x-comfyfleet-channel" in properties[name]] == ["mask"]


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
    assert not judge.is_valid({**SPEC.content(), "color": "red"})
