"""How long media are kept when nobody says so: favourites, for ever."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Ages:
    """Longest age of what jobs made and of what users uploaded; None is for ever."""

    results: timedelta | None = None
    uploads: timedelta | None = None


def days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None
