"""Damaged and made-up files of every format that is stripped without a decoder."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.domain.bare import STRIPPED

from .marked import FORMATS

NAMES = [name for name, (form, _) in FORMATS.items() if form in STRIPPED]
CHANGES = st.lists(st.tuples(st.integers(0, 2_000), st.binary(min_size=1, max_size=8)), max_size=6)


@cache
def sample(name: str) -> bytes:
    return FORMATS[name][1]()


@given(name=st.sampled_from(NAMES), changes=CHANGES, length=st.integers(0, 20_000))
@settings(max_examples=400, deadline=None)
def test_a_damaged_file_is_stripped_or_refused(
    name: str, changes: list[tuple[int, bytes]], length: int
) -> None:
    form, data = FORMATS[name][0], sample(name)
    damaged = bytearray(data)
    for at, content in changes:
        damaged[at % len(data) : at % len(data) + len(content)] = content
    try:
        kept = b"".join(STRIPPED[form](bytes(damaged[: length or None])))
    except ValueError:
        return
    assert len(kept) <= len(damaged) + 8


def test_directories_that_name_each_other_end() -> None:
    field = (330).to_bytes(2, "little") + (4).to_bytes(2, "little") + (1).to_bytes(4, "little")
    circle = b"II*\0" + (8).to_bytes(4, "little") + b"\1\0" + field + (8).to_bytes(4, "little")
    assert b"".join(STRIPPED["image/tiff"](circle + (8).to_bytes(4, "little")))


def test_a_file_in_very_many_pieces_is_refused() -> None:
    lines = b"\xff\xff" + bytes(12) * 65_535
    chain = bytearray(b"II*\0" + (8).to_bytes(4, "little"))
    for _ in range(40):
        following = len(chain) + len(lines) + 4
        chain += lines + following.to_bytes(4, "little")
    with pytest.raises(ValueError, match="too many pieces"):
        b"".join(STRIPPED["image/tiff"](bytes(chain)))
