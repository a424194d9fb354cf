"""Cursors of paged lists: the place of the last item of a page, as opaque text.

Lists order by creation time and id, and a page begins behind a place. So items that come
meanwhile neither repeat nor hide others.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from pydantic import TypeAdapter

from contracts.errors import FieldError, InvalidError
from contracts.values import UtcTime

Place: TypeAlias = tuple[datetime, UUID]
"""Creation time and id of an item."""
PLACE = TypeAdapter(tuple[UtcTime, UUID])


def write_cursor(place: Place) -> str:
    created_at, item_id = place
    return urlsafe_b64encode(f"{created_at.isoformat()} {item_id}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> Place | None:
    """Return the place, in UTC; None without a cursor. Raises InvalidError for any other text."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return PLACE.validate_python(text.split(" "))
    except (ValueError, OverflowError) as error:
        message = "expected the `next_cursor` of the page before"
        problem = FieldError(path="cursor", code="bad_cursor", message=message)
        raise InvalidError(message, code="bad_cursor", errors=[problem]) from error
