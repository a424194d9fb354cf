from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from auth.domain.keyring import (
    ROTATE_AFTER,
    SETTLES_AFTER,
    Key,
    expired_keys,
    needs_key,
    signing_key,
)
from auth.domain.tokens import ACCESS_SECONDS

START = datetime(2026, 1, 1, tzinfo=UTC)


def a_key(made_at: datetime = START, name: str = "first") -> Key:
    return Key(name, {"kid": name}, b"sealed", made_at)


def test_without_a_key_one_needs_key() -> None:
    assert needs_key([], START)
    assert not needs_key([a_key()], START + ROTATE_AFTER - timedelta(seconds=1))
    assert needs_key([a_key()], START + ROTATE_AFTER)


def test_the_first_key_signs_at_once() -> None:
    assert signing_key([a_key()], START) == a_key()


def test_a_successor_signs_only_once_every_gateway_can_know_it() -> None:
    first, second = a_key(), a_key(START + ROTATE_AFTER, "second")
    just_before = second.made_at + SETTLES_AFTER - timedelta(seconds=1)

    assert signing_key([first, second], just_before) == first
    assert signing_key([first, second], second.made_at + SETTLES_AFTER) == second


@settings(max_examples=50)
@given(st.lists(st.integers(1, 20 * 60), min_size=50, max_size=300), st.booleans())
def test_every_token_can_be_checked_until_it_expires(
    pauses: list[int], near_rotation: bool
) -> None:
    now, keys = START, [a_key()]
    if near_rotation:
        now = START + ROTATE_AFTER - timedelta(minutes=30)
    issued: list[tuple[str, datetime]] = []
    for number, pause in enumerate(pauses):
        now += timedelta(seconds=pause)
        if needs_key(keys, now):
            keys.append(a_key(now, f"key {number}"))
        for key in expired_keys(keys, now):
            keys.remove(key)
        issued.append((signing_key(keys, now).id, now))
        published = {key.id for key in keys}
        valid = [name for name, at in issued if now < at + timedelta(seconds=ACCESS_SECONDS)]
        assert set(valid) <= published
        assert len(keys) <= 2
