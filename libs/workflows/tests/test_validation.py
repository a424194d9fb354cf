from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidError
from workflows import Spec, media_uses, recorded_seed, validate_inputs

MEDIA = "0192F0C0-0000-7000-8000-00000000000a"


def a_spec(**inputs: dict[str, Any]) -> Spec:
    return Spec.model_validate({"spec": "comfyfleet/v1", "name": "x", "inputs": inputs})


def value_of(item: dict[str, Any], value: Any) -> Any:
    return validate_inputs(a_spec(x=item), {"x": value}, lambda: 7)["x"]


def codes_of(spec: Spec, inputs: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidError) as caught:
        validate_inputs(spec, inputs, lambda: 7)
    return {error.path: error.code for error in caught.value.errors}


@pytest.mark.parametrize(
    ("item", "value", "code"),
    [
        ({"type": "integer"}, "20", "wrong_type"),
        ({"type": "integer"}, True, "wrong_type"),
        ({"type": "integer"}, 1.5, "wrong_type"),
        ({"type": "integer", "minimum": 0}, -1, "too_small"),
        ({"type": "integer", "maximum": 2**64 - 1}, 2**64, "too_big"),
        ({"type": "integer", "multiple_of": 8}, 12, "not_a_multiple"),
        ({"type": "number"}, float("inf"), "wrong_type"),
        ({"type": "number"}, float("nan"), "wrong_type"),
        ({"type": "number"}, 10**400, "too_big"),
        ({"type": "number", "maximum": 1}, 1.01, "too_big"),
        ({"type": "number", "multiple_of": 0.05}, 0.07, "not_a_multiple"),
        ({"type": "boolean"}, 1, "wrong_type"),
        ({"type": "text"}, 1, "wrong_type"),
        ({"type": "text"}, "a\0b", "bad_characters"),
        ({"type": "text"}, "\ud800", "bad_characters"),
        ({"type": "text"}, "x" * 20_001, "too_long"),
        ({"type": "string", "min_length": 2}, "x", "too_short"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "X", "pattern_mismatch"),
        # a backtracking engine needs hours for this one
        ({"type": "string", "pattern": r"^(\w+\s?)*$"}, "a" * 60 + "!", "pattern_mismatch"),
        ({"type": "string", "pattern": "^a$"}, "a\n", "pattern_mismatch"),
        ({"type": "text", "pattern": "a"}, "a" * 2_001, "too_long"),
        ({"type": "choice", "choices": ["a", 1]}, "b", "not_a_choice"),
        ({"type": "choice", "choices": ["a", 1]}, True, "not_a_choice"),
        ({"type": "choice", "choices": ["a", 1]}, ["a"], "not_a_choice"),
        ({"type": "seed"}, -1, "too_small"),
        ({"type": "seed"}, "dice", "wrong_type"),
        ({"type": "model", "folder": "loras"}, "../x", "unsafe_path"),
        ({"type": "model", "folder": "loras"}, "a\\..\\b", "unsafe_path"),
        ({"type": "model", "folder": "loras"}, "/etc/passwd", "unsafe_path"),
        ({"type": "model", "folder": "loras"}, "C:\\x", "unsafe_path"),
        ({"type": "model", "folder": "loras"}, "", "wrong_type"),
        ({"type": "image"}, MEDIA, "wrong_type"),
        ({"type": "image"}, {"media": "x"}, "wrong_type"),
        ({"type": "image"}, {"media": MEDIA, "url": "x"}, "wrong_type"),
        ({"type": "list<string>"}, "a", "wrong_type"),
        ({"type": "list<string>"}, ["a"] * 101, "too_many_items"),
        ({"type": "list<string>", "min_items": 1}, [], "too_few_items"),
    ],
)
def test_a_value_outside_its_limits_is_refused(item: dict[str, Any], value: Any, code: str) -> None:
    assert codes_of(a_spec(x=item), {"x": value}) == {"inputs.x": code}


@pytest.mark.parametrize(
    ("item", "value", "kept"),
    [
        ({"type": "integer"}, 20.0, 20),
        ({"type": "number"}, 1, 1.0),
        ({"type": "number", "multiple_of": 0.05}, 0.15, 0.15),
        ({"type": "seed"}, 2**64 - 1, 2**64 - 1),
        ({"type": "choice", "choices": [{"value": 2, "title": "two"}]}, 2, 2),
        ({"type": "model", "folder": "loras"}, "sdxl/a..b.safetensors", "sdxl/a..b.safetensors"),
        ({"type": "image"}, {"media": MEDIA}, {"media": MEDIA.lower()}),
        ({"type": "string", "pattern": r"\p{Thai}"}, "a ภาพ", "a ภาพ"),
        ({"type": "list<number>"}, [1, 2], [1.0, 2.0]),
        ({"type": "string", "absent_values": ["None"]}, "None", None),
        ({"type": "integer", "default": 3}, None, None),
    ],
)
def test_a_good_value_is_kept_in_canonical_form(
    item: dict[str, Any], value: Any, kept: Any
) -> None:
    assert value_of(item, value) == kept


def test_every_problem_is_listed_at_once() -> None:
    spec = a_spec(
        steps={"type": "integer", "maximum": 150},
        prompt={"type": "text", "required": True},
        images={"type": "list<image>"},
        fine={"type": "integer"},
    )

    assert codes_of(spec, {"steps": 200, "color": 1, "fine": 1, "images": [1, {}]}) == {
        "inputs.steps": "too_big",
        "inputs.prompt": "missing",
        "inputs.color": "unknown",
        "inputs.images.0": "wrong_type",
        "inputs.images.1": "wrong_type",
    }


def test_a_thousand_problems_make_a_short_answer() -> None:
    assert len(codes_of(a_spec(), {f"x{n}": 1 for n in range(1_000)})) == 100


@pytest.mark.parametrize("sent", [{}, {"x": "random"}, {"x": None}])
def test_a_seed_that_is_not_given_is_drawn_once(sent: dict[str, Any]) -> None:
    spec = a_spec(x={"type": "seed", "default": "random"})

    inputs = validate_inputs(spec, sent, lambda: 7)

    assert inputs == {"x": 7}
    assert validate_inputs(spec, inputs, lambda: 8) == inputs
    assert recorded_seed(spec, inputs) == 7


def test_a_seed_that_a_workflow_calls_absent_is_drawn_and_recorded() -> None:
    spec = a_spec(x={"type": "seed", "default": -1, "absent_values": [-1, 7]})

    assert validate_inputs(spec, {"x": -1}, lambda: 5) == {"x": 5}
    inputs = validate_inputs(spec, {}, lambda: 7)
    assert recorded_seed(spec, inputs) == 8
    assert validate_inputs(spec, inputs, lambda: 9) == inputs


def test_a_seed_that_is_required_is_not_drawn_unless_asked_for() -> None:
    spec = a_spec(x={"type": "seed", "required": True})

    assert codes_of(spec, {}) == {"inputs.x": "missing"}
    assert validate_inputs(spec, {"x": "random"}, lambda: 7) == {"x": 7}


def test_a_stored_version_with_a_pattern_of_former_times_says_why_it_cannot_run() -> None:
    spec = a_spec(x={"type": "string", "pattern": "(?=a)b"})

    with pytest.raises(InvalidError, match="without look-around"):
        validate_inputs(spec, {"x": "b"}, lambda: 7)


@given(st.integers(0, 2**128), st.integers(0, 100), st.integers(0, 100))
def test_a_drawn_seed_respects_the_limits(draw: int, low: int, width: int) -> None:
    spec = a_spec(x={"type": "seed", "minimum": low, "maximum": low + width})

    assert low <= validate_inputs(spec, {}, lambda: draw)["x"] <= low + width


def test_the_defaults_are_filled_in_and_the_rest_is_absent() -> None:
    spec = a_spec(steps={"type": "integer", "default": 20}, note={"type": "string"})

    assert validate_inputs(spec, {}, lambda: 7) == {"steps": 20, "note": None}


def test_the_media_of_a_job_are_named_with_what_they_belong_to() -> None:
    spec = a_spec(image={"type": "image"}, mask={"type": "mask", "of": "image"})
    other = MEDIA.lower().replace("a", "b")
    sent = {"image": {"media": MEDIA}, "mask": {"media": other}}

    uses = list(media_uses(spec, validate_inputs(spec, sent, lambda: 7)))

    assert [(use.path, use.media_id, use.of_media_id) for use in uses] == [
        ("inputs.image", MEDIA.lower(), None),
        ("inputs.mask", other, MEDIA.lower()),
    ]
