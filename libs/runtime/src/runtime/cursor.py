"""Cursors of paged lists: the place of the last item of a page, as opaque text.

A page begins behind a place, so items that come meanwhile neither repeat nor hide others. A cursor
names its list: in another one its place would silently skip items.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from contracts.errors import FieldError, InvalidError
from contracts.values import UtcTime

P = TypeVar("P")

Place: TypeAlias = tuple[datetime, UUID]
"""Creation time and id of an item; most lists are in this order."""
PLACE: TypeAdapter[Place] = TypeAdapter(tuple[UtcTime, UUID])


@dataclass(frozen=True, slots=True)
class Cursors(Generic[P]):
    """Writes and reads the cursors of one list."""

    list_name: str
    place: TypeAdapter[P]

    def write(self, place: P) -> str:
        text = f"{self.list_name} ".encode() + self.place.dump_json(place)
        return urlsafe_b64encode(text).decode().rstrip("=")

    def read(self, cursor: str | None) -> P | None:
        """Return the place; None without a cursor. Raises InvalidError for any other text."""
        if cursor is None:
            return None
        try:
            text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            list_name, _, place = text.decode().partition(" ")
            if list_name == self.list_name:
                return self.place.validate_json(place)
        except (ValueError, OverflowError) as error:
            raise self.refusal() from error
        raise self.refusal()

    def refusal(self) -> InvalidError:
        message = f"expected the `next_cursor` of the page before, of the list of {self.list_name}"
        problem = FieldError(path="cursor", code="bad_cursor", message=message)
        return InvalidError(message, code="bad_cursor", errors=[problem])
