import pytest

from contracts.errors import InvalidError
from workflows.spec.documents import MOST_BYTES, read_mapping


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: 1\na: 2", "twice"),
        ("- a", "mapping"),
        ("a: [", "cannot be read"),
        ("{", "cannot be read"),
        ("a: {b: [1, .nan]}", "a.b.1: expected a finite number"),
        ("a: !!python/object:os.system {}", "cannot be read"),
        ('a: "\\0"', "NUL"),
        ('{"a": "\\ud800"}', "not plain JSON"),
        ("a: " + "[" * 5_000, "nested too deeply"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ("a: " + "x" * MOST_BYTES, "larger than"),
    ],
)
def test_a_hostile_file_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidError, match=reason):
        read_mapping(text, "spec")


def test_a_date_stays_a_text() -> None:
    assert read_mapping("a: 2026-01-01", "spec") == {"a": "2026-01-01"}


def test_json_is_read_too() -> None:
    assert read_mapping('{"a": [1, 2.5, null]}', "spec") == {"a": [1, 2.5, None]}
