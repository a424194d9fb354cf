"""Places in a list: lists go on after the last item seen, whatever came meanwhile."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from contracts.errors import FieldError, InvalidError

Place: TypeAlias = tuple[datetime, UUID]
"""When the last item was made, and its id."""


def cursor_of(place: Place) -> str:
    made_at, media_id = place
    return urlsafe_b64encode(f"{made_at.isoformat()} {media_id}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> Place | None:
    """Raises Invalid for what is no cursor of ours."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        made_at, media_id = text.split(" ")
        place = datetime.fromisoformat(made_at), UUID(media_id)
    except ValueError as error:
        raise bad_cursor() from error
    if place[0].tzinfo is None:
        raise bad_cursor()
    return place


def bad_cursor() -> InvalidError:
    message = "expected the `next_cursor` of the page before"
    problem = FieldError(path="cursor", code="bad_cursor", message=message)
    return InvalidError(message, code="bad_cursor", errors=[problem])
