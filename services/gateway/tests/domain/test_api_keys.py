"""The text of API keys: it names its owner, and a mistyped one is none."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.api_keys import ALPHABET, KeyUses, base62, checksum, make_key, number, owner_of


@given(st.uuids())
def test_a_key_names_its_owner(owner_id: UUID) -> None:
    key = make_key(owner_id)

    assert owner_of(key) == owner_id
    assert len(key) == len("cf_") + 43 + 22 + 6
    assert make_key(owner_id) != key


@given(st.uuids(), st.integers(3, 73), st.sampled_from(ALPHABET))
def test_no_key_with_another_letter_is_a_key(owner_id: UUID, place: int, letter: str) -> None:
    key = make_key(owner_id)
    mistyped = key[:place] + letter + key[place + 1 :]

    assert mistyped == key or owner_of(mistyped) is None


@given(st.integers(0, 2**256 - 1))
def test_base_62_keeps_every_number(value: int) -> None:
    assert number(base62(value, 43)) == value


@pytest.mark.parametrize(
    "key", ["", "cf_", "cf_é", make_key(uuid4()) + "0", make_key(uuid4())[:-1]]
)
def test_other_texts_are_no_keys(key: str) -> None:
    assert owner_of(key) is None


def test_an_owner_of_more_bits_than_an_id_has_is_none() -> None:
    text = f"cf_{'0' * 43}{'z' * 22}"

    assert owner_of(text + checksum(text)) is None


def test_a_key_is_announced_once_a_minute() -> None:
    uses, key_id = KeyUses(), uuid4()
    for now in (0.0, 1.0, 59.0):
        uses.note(key_id, now)
    assert uses.take() == [key_id]
    uses.note(key_id, 59.5)
    assert uses.take() == []
    uses.note(key_id, 60.0)
    assert uses.take() == [key_id]
