from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from contracts.errors import InvalidError
from runtime.cursor import PLACE, Cursors

NOW = datetime(2026, 1, 1, 12, 0, 0, 123, tzinfo=UTC)
ID = UUID(int=7)
SHELLS = Cursors("shells", PLACE)


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


def test_a_cursor_is_read_as_it_was_written_with_and_without_padding() -> None:
    place = NOW, ID
    cursor = SHELLS.write(place)

    assert SHELLS.read(cursor) == place
    assert SHELLS.read(cursor + "=" * (-len(cursor) % 4)) == place
    assert SHELLS.read(None) is None


def test_a_place_is_read_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=2)))
    place = SHELLS.read(SHELLS.write((local, ID)))

    assert place
    assert (place[0], place[0].tzinfo) == (NOW, UTC)


def test_the_place_of_a_list_can_be_a_name() -> None:
    names = Cursors("names", TypeAdapter(str))

    assert names.read(names.write("a b \N{SNOWMAN}")) == "a b \N{SNOWMAN}"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ä",
        encoded("no place"),
        encoded("shells"),
        encoded(f'shells ["{NOW.isoformat()}",7]'),
        encoded(f'shells ["2026-01-01T00:00:00","{ID}"]'),
        encoded(f'shells ["0001-01-01T00:00:00+23:00","{ID}"]'),
        Cursors("pearls", PLACE).write((NOW, ID)),
    ],
)
def test_any_other_text_is_refused_as_is_the_cursor_of_another_list(cursor: str) -> None:
    with pytest.raises(InvalidError) as refused:
        SHELLS.read(cursor)

    assert refused.value.code == "bad_cursor"
    [error] = refused.value.errors
    assert error.path == "cursor"
    assert error.message.endswith("of the list of shells")
