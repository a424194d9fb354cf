import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_agent.engines.comfyui.events import read_text
from node_agent.engines.comfyui.outcome import failure_in
from node_agent.engines.comfyui.shapes import is_number, parsed

from .test_outcome import error_of


def test_half_a_character_cannot_travel_on() -> None:
    assert parsed(rb'{"\ud800": ["\udfff", "\ud83d\ude00"]}') == {"?": ["?", "\U0001f600"]}
    entry = rb"""{"status": {"status_str": "error", "messages": [["execution_error",
        {"exception_type": "ValueError", "exception_message": "bad \ud800"}]]}}"""
    found = failure_in(parsed(entry))  # pyright: ignore[reportArgumentType]  the text is an object
    assert error_of(found).model_dump_json()


@given(st.text(st.characters(categories=["L", "Cs"])))
def test_what_was_parsed_can_be_encoded(text: str) -> None:
    assert json.dumps(parsed(json.dumps(text).encode()), ensure_ascii=False).encode()


def test_endless_nesting_is_an_error_like_any_other() -> None:
    with pytest.raises(ValueError, match="nested"):
        parsed(b"[" * 200_000)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1" * 400, '"1"', "null"])
def test_a_number_that_cannot_be_calculated_with_is_none(text: str) -> None:
    assert not is_number(json.loads(text))
    event = f'{{"type":"progress","data":{{"value":{text},"max":4,"prompt_id":"p","node":"3"}}}}'
    assert read_text(event) is None
