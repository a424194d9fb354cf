"""The wall clock, as everything here keeps time: aware, in UTC."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
