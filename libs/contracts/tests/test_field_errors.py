"""Errors of Pydantic in the words of inputs: fields as the sender wrote them, no class names."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import FieldError
from contracts.field_errors import field_errors
from contracts.values import LabelKey, LabelValue, UtcTime


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Part(BaseModel):
    width: int = Field(ge=8, le=64, multiple_of=8)


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid")

    age: int = Field(default=0, gt=-1, lt=150)
    share: float = Field(default=0, allow_inf_nan=False)
    is_on: bool = False
    id: UUID | None = None
    born_at: datetime | None = None
    expires_at: UtcTime | Literal["never"] | None = None
    size: Size = Size.SMALL
    kind: Literal["image", "mask"] = "image"
    name: str = Field(default="ab", min_length=2, max_length=3, pattern="^[a-z]+$")
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict, max_length=2)
    ids: list[int] = Field(default_factory=list[int], min_length=1, max_length=2)
    part: Part | None = None
    graph: dict[str, Any] | str = ""
    choice: Part | list[Part] | None = None


CASES: list[tuple[object, str, str, str]] = [
    ({"age": 200}, "age", "too_big", "expected less than 150"),
    ({"age": -1}, "age", "too_small", "expected more than -1"),
    ({"age": "old"}, "age", "wrong_type", "expected a whole number"),
    ({"age": 1.5}, "age", "wrong_type", "expected a whole number"),
    ({"share": "x"}, "share", "wrong_type", "expected a number"),
    ({"share": float("nan")}, "share", "wrong_type", "expected a finite number"),
    ({"is_on": "x"}, "is_on", "wrong_type", "expected true or false"),
    ({"id": "x"}, "id", "wrong_type", "expected an id (a UUID)"),
    ({"born_at": "now"}, "born_at", "wrong_type", "expected a time with a time zone"),
    ({"size": "x"}, "size", "not_a_choice", "expected one of small, large"),
    ({"kind": "x"}, "kind", "not_a_choice", "expected one of image, mask"),
    ({"name": 1}, "name", "wrong_type", "expected a text"),
    ({"name": "a"}, "name", "too_short", "expected at least 2 characters"),
    ({"name": "abcd"}, "name", "too_long", "expected at most 3 characters"),
    ({"name": "AB"}, "name", "pattern_mismatch", "expected a text that matches ^[a-z]+$"),
    ({"ids": []}, "ids", "too_few_items", "expected at least 1 item"),
    ({"ids": [1, 2, 3]}, "ids", "too_many_items", "expected at most 2 items"),
    ({"ids": [1, "x"]}, "ids.1", "wrong_type", "expected a whole number"),
    ({"ids": 1}, "ids", "wrong_type", "expected a list"),
    ({"part": {"width": 72}}, "part.width", "too_big", "expected at most 64"),
    ({"part": {"width": 0}}, "part.width", "too_small", "expected at least 8"),
    ({"part": {"width": 9}}, "part.width", "not_a_multiple", "expected a multiple of 8"),
    ({"part": {}}, "part.width", "missing", "this field is required"),
    ({"part": 1}, "part", "wrong_type", "expected an object"),
    ({"nope": 1}, "nope", "unknown", "unknown field"),
    ([], "body", "wrong_type", "expected an object"),
    ({"labels": {"a": "x" * 257}}, "labels.a", "invalid", "expected at most 256 bytes"),
    ({"graph": 1}, "graph", "wrong_type", "expected an object, or a text"),
    ({"choice": 1}, "choice", "wrong_type", "expected an object, or a list"),
    ({"choice": [{}]}, "choice.0.width", "missing", "this field is required"),
    (
        {"expires_at": "soon"},
        "expires_at",
        "wrong_type",
        "expected a time with a time zone, or `never`",
    ),
    (
        {"labels": {"a b": ""}},
        "labels.a b",
        "pattern_mismatch",
        "expected a text that matches ^[A-Za-z0-9_.-]{1,40}$",
    ),
]


def errors(value: object) -> list[FieldError]:
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate(value)
    return field_errors(caught.value.errors(include_url=False), value, "body")


@pytest.mark.parametrize(("value", "path", "code", "message"), CASES)
def test_an_error_names_its_field_in_plain_words(
    value: object, path: str, code: str, message: str
) -> None:
    found = errors(value)
    assert (path, code, message) in [(one.path, one.code, one.message) for one in found]
    assert len({one.path for one in found}) == len(found)


def test_an_unknown_type_of_error_gets_no_word_of_pydantic() -> None:
    item = {"type": "is_subclass_of", "loc": ("a",), "msg": "Input should be a subclass of Sample"}
    [found] = field_errors([item], {"a": 1})
    assert (found.path, found.code, found.message) == ("a", "invalid", "expected another value")


def test_numbers_of_a_message_are_parameters() -> None:
    assert errors({"part": {"width": 72}})[0].params == {"maximum": 64}
