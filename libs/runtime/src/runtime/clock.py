"""Reads the wall clock as an aware time in UTC, as all of ComfyFleet keeps time."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
