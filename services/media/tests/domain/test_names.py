from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.content_types import named_as
from media.domain.names import display_name, staged_name

OWNER, OTHER = UUID(int=1), UUID(int=2)


def test_the_same_bytes_of_one_owner_have_one_staged_name() -> None:
    name = staged_name("secret", OWNER, "aa", "image/png")
    assert name == staged_name("secret", OWNER, "aa", "image/png")
    assert name.startswith("cf/")
    assert name.endswith(".png")


def test_a_staged_name_cannot_be_guessed_from_owner_and_bytes() -> None:
    names = {
        staged_name("secret", OWNER, "aa", "image/png"),
        staged_name("another", OWNER, "aa", "image/png"),
        staged_name("secret", OTHER, "aa", "image/png"),
        staged_name("secret", OWNER, "ab", "image/png"),
    }
    assert len(names) == 4


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\cat.jpg", "cat.jpg"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("\0", None),
        (None, None),
    ],
)
def test_only_the_last_harmless_part_of_a_name_is_shown(
    filename: str | None, shown: str | None
) -> None:
    assert display_name(filename) == shown


@pytest.mark.parametrize(
    ("filename", "content_type", "shown"),
    [
        ("a.jpg", "image/png", "a.png"),
        ("a.b.TIFF", "image/png", "a.b.png"),
        ("a.jpeg", "image/jpeg", "a.jpeg"),
        ("holiday.2024", "image/png", "holiday.2024"),
        ("notes.md", "text/plain", "notes.md"),
        ("a.png", "application/octet-stream", "a.png"),
        ("png", "image/jpeg", "png"),
    ],
)
def test_a_name_ends_as_its_content(filename: str, content_type: str, shown: str) -> None:
    assert named_as(filename, content_type) == shown


@given(st.text())
def test_a_shown_name_is_never_a_path_or_too_long(filename: str) -> None:
    shown = display_name(filename)
    assert shown is None or (0 < len(shown) <= 255 and "/" not in shown and "\\" not in shown)
