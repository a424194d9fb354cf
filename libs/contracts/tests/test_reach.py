"""Patterns of names: what they fit, and which include which."""

import re

from hypothesis import given
from hypothesis import strategies as st

from contracts.access import Reach, is_match

patterns = st.text("ab*-", min_size=1, max_size=6)
names = st.text("ab*-", max_size=8)


@given(patterns, names)
def test_a_star_stands_for_any_text_and_nothing_else_is_special(pattern: str, name: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert is_match(pattern, name) == bool(re.fullmatch(expression, name, re.DOTALL))


@given(st.lists(patterns, max_size=3), st.lists(patterns, max_size=3), names)
def test_a_reach_that_covers_another_has_all_that_the_other_has(
    own: list[str], wanted: list[str], name: str
) -> None:
    mine, theirs = Reach(workflows=tuple(own)), Reach(workflows=tuple(wanted))
    if mine.covers(theirs) and theirs.has_workflow(name):
        assert mine.has_workflow(name)


@given(st.lists(patterns, max_size=3))
def test_everything_covers_each_reach_and_each_reach_itself(own: list[str]) -> None:
    reach = Reach(workflows=tuple(own), models=tuple(own))
    assert Reach().covers(reach)
    assert reach.covers(reach)


def test_a_hostile_pattern_is_answered() -> None:
    assert not is_match("*a" * 99 + "b", "a" * 10_000)  # a regular expression would take for ever


def test_a_model_is_named_with_its_folder() -> None:
    reach = Reach(models=("loras/film-*", "vae/*"))
    assert reach.has_model("loras", "film-noir.safetensors")
    assert not reach.has_model("checkpoints", "film-noir.safetensors")
