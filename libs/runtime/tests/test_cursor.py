from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from contracts.errors import InvalidError
from runtime.cursor import read_cursor, write_cursor

NOW = datetime(2026, 1, 1, 12, 0, 0, 123, tzinfo=UTC)
ID = UUID(int=7)


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


def test_a_cursor_is_read_as_it_was_written_with_and_without_padding() -> None:
    place = NOW, ID
    cursor = write_cursor(place)

    assert read_cursor(cursor) == place
    assert read_cursor(cursor + "=" * (-len(cursor) % 4)) == place
    assert read_cursor(None) is None


def test_a_place_is_read_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=2)))
    place = read_cursor(write_cursor((local, ID)))

    assert place
    assert (place[0], place[0].tzinfo) == (NOW, UTC)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ä",
        encoded("no place"),
        encoded(f"{NOW.isoformat()} 7"),
        encoded(f"2026-01-01T00:00:00 {ID}"),
        encoded(f"0001-01-01T00:00:00+23:00 {ID}"),
    ],
)
def test_any_other_text_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_cursor(cursor)

    assert refused.value.code == "bad_cursor"
    assert [error.path for error in refused.value.errors] == ["cursor"]
