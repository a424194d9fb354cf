from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workflows.authoring.differences import LONGEST_VALUE, MOST_DIFFERENCES, compare, differences

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def test_each_place_that_differs_is_named_once() -> None:
    before = {"1": {"steps": 20, "model": ["4", 0], "old": 1}}
    after = {"1": {"steps": 30, "model": ["10", 0], "new": 2}}

    assert [(change.path, change.kind) for change in compare(before, after, "graph")] == [
        ("graph.1.model", "changed"),
        ("graph.1.new", "added"),
        ("graph.1.old", "removed"),
        ("graph.1.steps", "changed"),
    ]


@given(JSON, JSON)
def test_nothing_differs_exactly_if_both_are_equal(before: Any, after: Any) -> None:
    assert (list(compare(before, after)) == []) == (before == after)


def test_what_the_hash_tells_apart_differs() -> None:
    found = compare({"a": 1, "b": 1, "c": [2]}, {"a": True, "b": 1.0, "c": [2]})

    assert [change.path for change in found] == ["a", "b"]


def test_many_differences_and_long_values_are_cut() -> None:
    long: dict[str, Any] = {str(number): ["x" * 1_000] for number in range(1_000)}

    found, count = differences({}, long)

    assert (len(found), count) == (MOST_DIFFERENCES, len(long))
    assert len(found[0].after) == LONGEST_VALUE + 1
    assert differences({}, {"a": "b"})[1] == 1
