from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from contracts.errors import InvalidError
from media.domain.gallery import cursor_of, place_of


def test_a_cursor_says_its_place_exactly() -> None:
    place = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), uuid4()
    assert place_of(cursor_of(place)) == place
    assert place_of(None) is None


NO_ZONE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize("cursor", ["", "x", "é", "MjAyNiAx", cursor_of((NO_ZONE, UUID(int=7)))])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidError):
        place_of(cursor)
